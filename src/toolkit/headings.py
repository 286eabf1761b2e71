"""How columns are headed in print, and which kinds of number they hold: machine names stay snake_case."""

from __future__ import annotations

import re

HEADINGS = {
    "n_used": "n",
    "n_items": "Items",
    "n_dropped": "Dropped",
    "n_answered": "Answered",
    "n_clusters": "Couples",
    "sd": "SD",
    "se": "SE",
    "ci": "CI",
    "n_missing": "Missing",
    "missing_share": "Share",
    "n_cells": "Cells",
    "n_empty_cells": "Empty cells",
    "empirical_kaiser": "Empirical Kaiser",
    "n_effective": "Effective n",
    "kmo": "KMO",
    "chisq": "χ²",
    "map2": "Mean r²",
    "map4": "Mean r⁴",
    "smallest_eigenvalue": "Smallest eigenvalue",
    "g2": "G²",
    "alpha": "α",
    "alpha_se": "SE of α",
    "alpha_ci": "CI of α",
    "alpha_feldt": "Feldt CI",
    "alpha_duhachek": "Duhachek CI",
    "alpha_duhachek_se": "Duhachek SE",
    "alpha_standardised": "Standardised α",
    "alpha_if_dropped": "α if dropped",
    "alpha_standardised_if_dropped": "Standardised α if dropped",
    "lambda2": "λ2",
    "lambda6": "λ6",
    "mean_r": "Mean inter-item r",
    "standard_error_of_measurement": "SE of measurement",
    "r_raw": "Item–total r",
    "r_corrected": "Corrected r",
    "r_drop": "Item–rest r",
    "icc": "ICC",
    "f": "F",
    "df1": "df1",
    "df2": "df2",
    "satterthwaite": "Satterthwaite CI",
    "n_raters": "Raters",
    "n_ratings": "Ratings",
    "min": "Minimum",
    "max": "Maximum",
}

# Statistics that cannot exceed 1 are printed without a leading zero (APA 7, section 6.36).
BOUNDED = re.compile(r"^(alpha|lambda|omega|kappa|r$|r_|mean_r|kmo$|map2$|map4$|p$|share|icc|rho)(?!.*_se$)")
STANDARD_ERROR = re.compile(r"^se$|_se$|^standard_error")
BOUNDED_BY_ONE = {"r", "icc", "kappa"}  # estimates whose column `ci` is bounded as they are
INTERVAL = re.compile(r"^(ci|satterthwaite|alpha_(ci|feldt|duhachek))_low$")
PERCENT = {"share", "floor", "ceiling", "missing_share"}
