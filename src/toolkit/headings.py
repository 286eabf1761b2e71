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
    "alpha_ordinal": "Ordinal α",
    "alpha_ordinal_se": "SE of ordinal α",
    "alpha_ordinal_ci": "CI of ordinal α",
    "alpha_percentile": "Percentile CI of α",
    "alpha_bca": "BCa CI of α",
    "percentile": "Percentile CI",
    "alpha_if_dropped": "α if dropped",
    "alpha_standardised_if_dropped": "Standardised α if dropped",
    "omega_fitted": "ω (fitted)",
    "omega_fitted_se": "SE of ω (fitted)",
    "omega_fitted_ci": "CI of ω (fitted)",
    "omega_observed": "ω (observed)",
    "omega_observed_se": "SE of ω (observed)",
    "omega_observed_ci": "CI of ω (observed)",
    "omega_total": "ω total",
    "omega_hierarchical": "ω hierarchical",
    "lambda1": "λ1",
    "lambda2": "λ2",
    "lambda4": "λ4",
    "lambda5": "λ5",
    "lambda6": "λ6",
    "split_half_min": "Lowest split half",
    "split_half_mean": "Mean split half",
    "split_half_max": "Highest split half",
    "mean_r": "Mean inter-item r",
    "standard_error_of_measurement": "SE of measurement",
    "r_raw": "Item–total r",
    "r_corrected": "Corrected r",
    "r_drop": "Item–rest r",
    "r_drop_ci": "CI of item–rest r",
    "loading_ci": "CI of loading",
    "r_drop_polychoric": "Polychoric item–rest r",
    "omega_if_dropped": "ω if dropped",
    "n_large_residuals": "Residuals beyond .20",
    "n_suspect": "Suspect items",
    "n_weak": "Weak items",
    "icc": "ICC",
    "f": "F",
    "df1": "df1",
    "df2": "df2",
    "satterthwaite": "Satterthwaite CI",
    "reliability_x": "Reliability of x",
    "reliability_y": "Reliability of y",
    "n_raters": "Raters",
    "n_ratings": "Ratings",
    "n_factors": "Factors",
    "n_optima": "Optima",
    "n_starts": "Starts",
    "df": "df",
    "rmsr": "RMSR",
    "rmsr_corrected": "RMSR corrected",
    "rmsea": "RMSEA",
    "rmsea_ci": "RMSEA CI",
    "tli": "TLI",
    "cfi": "CFI",
    "bic": "BIC",
    "ss_loadings": "SS loadings",
    "determinacy": "Multiple R",
    "determinacy_squared": "R²",
    "minimum_correlation": "Minimum r",
    "with_factor": "With",
    "min": "Minimum",
    "max": "Maximum",
}

# Statistics that cannot exceed 1 are printed without a leading zero (APA 7, section 6.36).
BOUNDED = re.compile(
    r"^(alpha|lambda|omega|split_half|kappa|reliability_|discrimination$|residual$|r$|r_|mean_r|kmo$|map2$|map4$|p$|share|icc|rho)(?!.*_se$)"
    r"|^(F\d+$|loading$|structure$|communality$|uniqueness$|proportion|cumulative|determinacy|minimum_correlation$)"
    r"|^(congruence|rmsr|rmsea$|tli$|cfi$)"
)
STANDARD_ERROR = re.compile(r"^se$|_se$|^standard_error")
BOUNDED_BY_ONE = {"r", "icc", "kappa", "loading"}  # estimates whose column `ci` is bounded as they are
INTERVAL = re.compile(
    r"^(ci|(r_drop|loading|rmsea)_ci|satterthwaite|percentile|alpha_(ci|feldt|duhachek|percentile|bca|ordinal_ci)|omega_(fitted|observed)_ci)_low$"
)
PERCENT = {"share", "floor", "ceiling", "missing_share"}
# Columns whose cells name a statistic or rule, which is printed as a heading would be.
NAMES = {"rule", "coefficient"}
