# Parameter tables as lavaan makes them from model texts: what cfa() and sem() add,
# in their order. No model is fitted. The data only give group labels and the numbers
# of categories; every ordinal variable has five.
#
#   Rscript lavaan_tables.R   writes lavaan_tables.json here
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})

hs <- HolzingerSwineford1939
data(datCat); data(exLong)
cat_ <- datCat; for (u in paste0("u", 1:8)) cat_[[u]] <- ordered(cat_[[u]])
cat_$z <- sqrt(seq_len(nrow(cat_)))
names(cat_)[names(cat_) == "g"] <- "sex"
U <- function(k) paste0("u", k)

M3 <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
M2 <- "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"
F1 <- "f =~ x1 + x2 + x3"
O1 <- "f =~ u1 + u2 + u3"
WU <- "FU1 =~ u1 + u2 + u3 + u4\nFU2 =~ u5 + u6 + u7 + u8"
MED <- "x9 ~ a*x1\nx8 ~ b*x9 + c*x1\nind := a*b\ntotal := c + a*b\nprop := (a*b)/(c + a*b)"
L3 <- "f1t1 =~ y1t1 + y2t1 + y3t1\nf1t2 =~ y1t2 + y2t2 + y3t2\nf1t3 =~ y1t3 + y2t3 + y3t3"

case <- function(text, ..., data = "hs", ordered = NULL)
  list(text = text, options = list(...), data = data, ordered = ordered)
ordinal <- function(text, ..., k = 1:3) case(text, ..., data = "cat", ordered = U(k))
wu <- function(equal, parameterization) ordinal(
  as.character(measEq.syntax(configural.model = WU, data = cat_, ordered = U(1:8), parameterization = parameterization,
    ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "sex", group.equal = equal)),
  group = "sex", parameterization = parameterization, k = 1:8)
long <- function(equal) case(
  as.character(measEq.syntax(configural.model = L3, data = exLong, ID.fac = "std.lv", auto = "all",
    longFacNames = list(f1 = c("f1t1", "f1t2", "f1t3")),
    longIndNames = list(y1 = c("y1t1", "y1t2", "y1t3"), y2 = c("y2t1", "y2t2", "y2t3"), y3 = c("y3t1", "y3t2", "y3t3")),
    long.equal = equal)), data = "long")

cases <- list(
  marker = case(M3), std_lv = case(M3, std.lv = TRUE), means = case(M3, meanstructure = TRUE),
  orthogonal = case(M3, orthogonal = TRUE),
  second_order = case(paste0(M3, "\ng =~ visual + textual + speed")),
  second_order_std_lv = case(paste0(M3, "\ng =~ visual + textual + speed"), std.lv = TRUE),
  factor_with_item_and_factor = case("g =~ f + x5\nf =~ x1 + x2 + x3"),
  bifactor = case(paste0("g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9\n", M3), orthogonal = TRUE, std.lv = TRUE),
  bifactor_written = case(paste0("g =~ x1 + x2 + x3 + x4 + x5 + x6\n", M2, "\ng ~~ 0*f + 0*g2\nf ~~ 0*g2") |>
    sub(pattern = "\ng =~ x4", replacement = "\ng2 =~ x4")),
  cross_loading = case(paste0(M3, "\nvisual =~ x9")), residual_covariance = case(paste0(M3, "\nx7 ~~ x8")),
  mirrored_covariances = case(paste0(M2, "\nx5 ~~ x1\ng ~~ f")),
  single_indicator = case("f =~ x1\ng =~ x2 + x3 + x4"),
  single_indicator_std_lv = case("f =~ x1\ng =~ x2 + x3 + x4", std.lv = TRUE),
  single_indicator_free = case("f =~ NA*x1\ng =~ x2 + x3 + x4\nx1 ~~ x1"),
  single_indicator_shared = case("f =~ x1\nh =~ x1 + x5\ng =~ x2 + x3 + x4"),
  factor_of_one_factor = case(paste0(F1, "\ng =~ f"), std.lv = TRUE),
  observed_with_factors = case(paste0(M2, "\nx9 ~~ f + g\nx8 ~~ f + g"), meanstructure = TRUE),
  modifiers = case("f =~ NA*x1 + a*x2 + a*x3 + 0.5*x4\ng =~ x5 + start(.4)*x6 + b*x7 + 0.7?x8 + -1e-1*x9\nf ~~ 1*f\nx1 ~~ r*x1\nx2 ~~ r*x2\nr == 0.5\nd := a*b - r^2"),
  equal = case("f =~ x1 + x2 + equal(\"f=~x2\")*x3"),
  fixed_slopes = case("i =~ 1*x1 + 1*x2 + 1*x3\ns =~ 0*x1 + 1*x2 + 2*x3\ni + s ~ 1\nx1 + x2 + x3 ~ 0*1"),
  continued = case("f =~ x1 + # first\n  x2\n  + x3; g =~ x4 +\n! a comment\n x5 + x6"),
  factor_mean = case(paste0(F1, "\nf ~ 1\nx1 ~ 0*1")), label_on_marker = case("f =~ a*x1 + x2 + x3\nx1 ~~ a*x1"),
  free_with_fixed_label = case("f =~ x1 + x2 + x3\nf ~~ 1*f + k*f\nx1 ~~ k*x1"),
  std_lv_written = case(paste0(M2, "\nf ~~ f\ng ~~ NA*g"), std.lv = TRUE),
  covariances_only = case("x1 ~~ NA*x2 + x3\nx4 ~~ x4"),
  regression = case("x9 ~ x1 + x2\nx8 ~ x9 + x1\nx7 ~ x2"), regression_means = case("x9 ~ x1 + x2", meanstructure = TRUE),
  regression_random = case("x9 ~ x1 + x2 + x3", fixed.x = FALSE, meanstructure = TRUE),
  regression_some_random = case("x9 ~ x1 + x2 + x3 + x4\nx2 ~ 1"),
  regression_covariance = case("x9 ~ x1 + x2\nx1 ~~ x2"), mediation = case(MED), non_recursive = case("x1 ~ x2 + x8\nx2 ~ x1 + x9"),
  covariates = case(paste0(M2, "\nf + g ~ ageyr + sex\nx9 ~ f + ageyr")), items_on_covariate = case(paste0(F1, "\nx1 ~ ageyr\nx2 ~ ageyr")),
  covariate_with_factor = case(paste0(M2, "\nx9 ~ sex + f\nsex ~~ g")), factor_on_item = case("f ~ x1 + x2\nf =~ x2 + x3 + x4"),
  latent_regression = case(paste0(M3, "\nspeed ~ visual + textual")), latent_mediation = case(paste0(M3, "\ntextual ~ a*visual\nspeed ~ b*textual + c*visual\nind := a*b")),
  latent_outcomes = case(paste0(M3, "\ntextual ~ visual\nspeed ~ visual\nageyr ~ visual")),
  latent_outcomes_orthogonal = case(paste0(M3, "\ntextual ~ visual\nspeed ~ visual\nageyr ~ visual"), orthogonal = TRUE),
  outcomes_of_second_order = case(paste0(M2, "\ns =~ f + g\ns ~ ageyr\nx9 ~ ageyr\nx8 ~ f")),
  extra_variables = case(paste0(F1, "\nx4 ~ 1\nx5 ~~ x6\nx9 ~ x8")), latent_predicts_observed = case("x1 ~ f\nf =~ x2 + x3 + x4"),
  groups = case(M3, group = "school"), groups_no_means = case(F1, group = "school", meanstructure = FALSE),
  groups_modifiers = case("f =~ x1 + c(b, b)*x3 + c(NA, 1)*x4 + c(.5, NA)*x5 + 2*x6 + c(u, v)*x7 + start(c(.4, .5))*x8\nf ~ c(0, NA)*1\nu == 2*v", group = "school"),
  groups_fixed_label = case(paste0(F1, "\nx1 ~ c(0, NA)*1 + c(k, k)*1"), group = "school"),
  groups_own_labels = case("f =~ c(1, NA)*x1 + c(a, b)*x2 + x3\nx1 ~ c(k, k)*1", group = "school", group.equal = c("loadings", "intercepts")),
  loadings = case(M3, group = "school", group.equal = "loadings"),
  loadings_std_lv = case(M3, group = "school", group.equal = "loadings", std.lv = TRUE),
  intercepts = case(M3, group = "school", group.equal = c("loadings", "intercepts")),
  intercepts_std_lv = case(M3, group = "school", group.equal = c("loadings", "intercepts"), std.lv = TRUE),
  intercepts_only = case(F1, group = "school", group.equal = "intercepts", std.lv = TRUE),
  residuals = case(M3, group = "school", group.equal = c("loadings", "intercepts", "residuals")),
  lv_variances = case(M2, group = "school", group.equal = c("loadings", "lv.variances"), std.lv = TRUE),
  lv_covariances = case(paste0(M2, "\nf ~~ x9"), group = "school", group.equal = c("lv.variances", "lv.covariances", "residual.covariances")),
  means_equal = case(M2, group = "school", group.equal = c("loadings", "intercepts", "means")),
  residual_covariances = case(paste0(M2, "\nx1 ~~ x4\nx2 ~~ 0.1*x5\nx3 ~~ a*x6\nx1 ~~ c(NA, 0)*x6"), group = "school", group.equal = "residual.covariances"),
  regressions_equal = case(paste0(M2, "\ng ~ f\nx9 ~ g + ageyr"), group = "school", group.equal = c("regressions", "residuals", "lv.variances")),
  random_covariates_equal = case(paste0(F1, "\nx9 ~ f + ageyr + sex"), group = "school", fixed.x = FALSE, group.equal = c("loadings", "intercepts", "residuals", "residual.covariances")),
  named_covariate_equal = case("x9 ~ x1\nx1 ~~ x1", group = "school", group.equal = c("residuals", "intercepts", "regressions")),
  all_equal_second_order = case(paste0(M2, "\ns =~ f + g"), group = "school", group.equal = c("loadings", "intercepts", "lv.variances", "residuals")),
  partial = case(M3, group = "school", group.equal = c("loadings", "intercepts"), group.partial = c("visual =~ x2", "x7 ~ 1")),
  factor_moments_written = case(paste0(F1, "\nf ~~ f\nf ~ 1"), group = "school", group.equal = c("loadings", "intercepts"), std.lv = TRUE),
  factor_mean_fixed = case(paste0(F1, "\nf ~ 0*1"), group = "school", group.equal = c("loadings", "intercepts")),
  ordinal = ordinal(O1), ordinal_std_lv = ordinal("f =~ u1 + u2\nh =~ u3 + u4", std.lv = TRUE, k = 1:4),
  ordinal_theta = ordinal(O1, parameterization = "theta"), ordinal_mixed = ordinal("f =~ u1 + u2 + z", k = 1:2),
  ordinal_single = ordinal("f =~ u1\nh =~ u2 + u3 + u4", k = 1:4), ordinal_covariate = ordinal(paste0(O1, "\nf ~ z")),
  ordinal_written = ordinal(paste0(O1, "\nu1 | 0*t1 + t2\nu2 | a*t2\nu1 ~~ u2\nu3 ~~ u3\nu1 ~*~ u1\nu2 ~ 1")),
  ordinal_groups = ordinal(O1, group = "sex"), ordinal_groups_written = ordinal(paste0(O1, "\nu1 ~*~ c(1, NA)*u1\nu2 ~ c(0, NA)*1\nu3 ~~ NA*u3"), group = "sex"))
for (p in c("delta", "theta")) {
  o <- function(equal, ...) ordinal(O1, group = "sex", parameterization = p, group.equal = equal, ...)
  cases <- c(cases, setNames(list(
    o("thresholds"), o("loadings"), o(c("loadings", "thresholds"), std.lv = TRUE), o(c("loadings", "intercepts")),
    o(c("loadings", "thresholds", "residuals")), o(c("thresholds", "means")),
    o(c("loadings", "thresholds"), group.partial = c("u1|t1", "f=~u2")),
    ordinal("f =~ u1 + u2 + z", k = 1:2, group = "sex", parameterization = p, group.equal = c("loadings", "thresholds")),
    wu("", p), wu("thresholds", p), wu(c("thresholds", "loadings"), p), wu(c("thresholds", "loadings", "intercepts"), p)),
    paste0(p, "_", c("thresholds", "loadings", "loadings_thresholds", "loadings_intercepts", "residuals", "means", "partial",
      "mixed", "wu_configural", "wu_thresholds", "wu_loadings", "wu_intercepts"))))
}
cases$theta_wu_residuals <- wu(c("thresholds", "loadings", "intercepts", "residuals"), "theta")
for (l in c("configural", "loadings", "intercepts", "residuals"))
  cases[[paste0("long_", l)]] <- long(switch(l, configural = "", loadings = "loadings", intercepts = c("loadings", "intercepts"),
    residuals = c("loadings", "intercepts", "residuals")))

run <- function(one) {
  data <- switch(one$data, hs = hs, cat = cat_, long = exLong)
  fit <- suppressWarnings(do.call("cfa", c(list(one$text, data, ordered = one$ordered, do.fit = FALSE), one$options)))
  p <- as.data.frame(parTable(fit))
  rows <- p[!p$op %in% c(":=", "=="), ]
  same <- setNames(seq_len(nrow(rows)), rows$plabel)   # the class of each row: the first row that it equals
  for (k in which(p$op == "==" & p$user == 2)) {
    a <- same[[p$lhs[k]]]; b <- same[[p$rhs[k]]]; same[same %in% c(a, b)] <- min(a, b)
  }
  kept <- function(op) { q <- p[p$op == op & p$user == 1, ]; list(left = I(q$lhs), expression = I(q$rhs)) }
  list(text = one$text, ordered = I(as.character(one$ordered)), groups = I(lavInspect(fit, "group.label")),
       options = one$options[setdiff(names(one$options), "group")],
       rows = list(lhs = rows$lhs, op = rows$op, rhs = rows$rhs, group = rows$group, free = as.integer(rows$free > 0),
                   value = rows$ustart, exogenous = as.integer(rows$exo == 1 & rows$free == 0), label = rows$label, same = unname(same)),
       observed = I(lavNames(fit, "ov")), latent = I(lavNames(fit, "lv")), definitions = kept(":="), constraints = kept("=="))
}

out <- list(
  oracle = "lavaan_tables",
  packages = I(c(R.version.string, paste(c("lavaan", "semTools"), sapply(c("lavaan", "semTools"), function(q) as.character(packageVersion(q)))))),
  r_call = I(c("parTable(lavaan::cfa(text, data, ordered = , group = , ..., do.fit = FALSE))", "semTools::measEq.syntax(...) for the texts wu_ and long_")),
  data = I(c("lavaan::HolzingerSwineford1939", "semTools::datCat with z = sqrt(row) and g called sex", "semTools::exLong")),
  seed = NULL,
  note = I(c("value: ustart, the fixed value, or the start value that the text gives to a free parameter; null where there is none",
             "exogenous: fixed at a sample value (fixed.x)", "same: the first row that a free row equals, by label or group.equal",
             "definitions and constraints: those of the text")),
  result = lapply(cases, run))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null") |>
  gsub(pattern = "(\"[A-Za-z0-9_]+\":\\{\"text\")", replacement = "\n\\1", perl = TRUE), "lavaan_tables.json")
