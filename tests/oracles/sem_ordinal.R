# Structural equation models with ordinal variables, as lavaan fits them where the
# shared oracles have no answer: ordinal and continuous variables together, groups of
# unequal size, equal loadings and thresholds in both parameterizations, pairwise
# missing answers, equal and fixed parameters, ordinal variables that predict,
# unweighted least squares, the difference test, and errors for people in clusters.
#
# Data: "pupils" are Holzinger & Swineford's, where x1, x2, x3, x4 and x5 are cut into
# 4, 3, 2, 5 and 3 ordered categories: 1 + the number of values in "cuts" below them;
# the others stay as they are. "answers" are 170 rows of datCat: of women the
# first 70, of men all. "people" are the first 900 rows of bfi, answers missing.
#
# Clusters: lavaan does not take them with ordinal variables. "clustered" puts the
# covariance matrix of the moments that oracle polychoric_bfi computes in base R for
# couples into the formulas of the sandwich and of the scaled and shifted test, with
# lavaan's estimates, derivatives and weights (those of independent people).
#
#   Rscript sem_ordinal.R path/to/hs1939.csv path/to/datcat.csv path/to/bfi.csv
#   writes sem_ordinal.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 3) stop("usage: Rscript sem_ordinal.R hs1939.csv datcat.csv bfi.csv")
sha <- function(file) sub(" .*", "", system2("sha256sum", shQuote(file), stdout = TRUE))
cuts <- list(x1 = c(4, 5, 6), x2 = c(5.5, 6.5), x3 = 2, x4 = c(1.5, 2.5, 3.5, 4.5), x5 = c(3.5, 5))
pupils <- read.csv(args[1])
for (v in names(cuts)) pupils[[v]] <- 1 + rowSums(outer(pupils[[v]], cuts[[v]], ">"))
datcat <- read.csv(args[2])
answers <- rbind(datcat[datcat$g == "male", ], head(datcat[datcat$g == "female", ], 70))
people <- head(read.csv(args[3]), 900)
tables <- list(pupils = pupils, answers = answers, people = people)

two <- "f1 =~ u1 + u2 + u3 + u4\nf2 =~ u5 + u6 + u7 + u8"
three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ac <- "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5"
u8 <- paste0("u", 1:8); x5 <- paste0("x", 1:5); ac10 <- c(paste0("A", 1:5), paste0("C", 1:5))
case <- function(model, data, ordered, ...) list(model = model, data = data, ordered = ordered, options = list(...))
cases <- list(
  mixed = case(three, "pupils", x5, estimator = "WLSMV"),
  mixed_theta = case(three, "pupils", x5, estimator = "WLSMV", parameterization = "theta"),
  mixed_groups = case(three, "pupils", c("x1", "x2", "x3", "x5"), estimator = "WLSMV", std.lv = TRUE, group = "school"),
  mixed_metric = case(three, "pupils", c("x1", "x2", "x3", "x5"), estimator = "WLSMV", group = "school",
                      group.equal = "loadings"),
  mixed_dwls = case(three, "pupils", x5, estimator = "DWLS"),
  mixed_uls = case(three, "pupils", x5, estimator = "ULS"),
  predictor = case(paste0("visual =~ x1 + x2 + x3\nvisual ~ x7 + x8\nx9 ~ visual"), "pupils", c("x1", "x2", "x3"),
                   estimator = "WLSMV", fixed.x = FALSE, conditional.x = FALSE),
  mediator = case("visual =~ x1 + x2 + x3\nx4 ~ visual\nx5 ~ x4 + visual", "pupils", x5, estimator = "WLSMV",
                  parameterization = "theta"),
  configural = case(two, "answers", u8, estimator = "WLSMV", std.lv = TRUE, group = "g"),
  configural_uls = case(two, "answers", u8, estimator = "ULS", group = "g"),
  configural_dwls = case(two, "answers", u8, estimator = "DWLS", group = "g"),
  metric = case(two, "answers", u8, estimator = "WLSMV", group = "g", group.equal = "loadings"),
  scalar_delta = case(two, "answers", u8, estimator = "WLSMV", group = "g", group.equal = c("loadings", "thresholds")),
  scalar_theta = case(two, "answers", u8, estimator = "WLSMV", group = "g", parameterization = "theta",
                      group.equal = c("loadings", "thresholds"), std.lv = TRUE),
  strict_theta = case(two, "answers", u8, estimator = "WLSMV", group = "g", parameterization = "theta",
                      group.equal = c("loadings", "thresholds", "residuals")),
  pairwise = case(ac, "people", ac10, estimator = "WLSMV", std.lv = TRUE, missing = "pairwise"),
  listwise = case(ac, "people", ac10, estimator = "WLSMV", std.lv = TRUE),
  covariances = case(paste0(ac, "\nA1 ~~ C1\nA4 ~~ A5\nC =~ A3"), "people", ac10, estimator = "WLSMV"),
  equal = case("A =~ a*A1 + b*A2 + b*A3 + b*A4 + b*A5\nA2 | t1 + s*t2 + t3\nA3 | s*t2\nA5 | -2*t1", "people", ac10[1:5],
               estimator = "WLSMV", std.lv = TRUE),
  second_order = case("A =~ A2 + A3 + A5\nC =~ C1 + C2 + C3\nE =~ E3 + E4 + E5\nh =~ A + C + E", "people",
                      c("A2", "A3", "A5", "C1", "C2", "C3", "E3", "E4", "E5"), estimator = "WLSMV"))

fit_of <- function(one) do.call("cfa", c(list(one$model, tables[[one$data]], ordered = one$ordered), one$options))
rows_of <- function(p) {
  g <- if (is.null(p$group)) 1 else p$group
  paste0(p$lhs, p$op, p$rhs, ifelse(g > 1, paste0("|g", g), ""))
}
table_of <- function(fit) {
  p <- parameterEstimates(fit, standardized = TRUE, remove.system.eq = TRUE, remove.eq = TRUE)
  s <- standardizedSolution(fit, type = "std.all", remove.eq = TRUE)
  stopifnot(identical(rows_of(p), rows_of(s)))
  list(param = rows_of(p), est = p$est, se = p$se, std.lv = p$std.lv, std.all = p$std.all, std_all_se = s$se)
}
summary_of <- function(fit) list(estimates = table_of(fit), fit_measures = as.list(unclass(fitMeasures(fit))),
                                 npar = lavInspect(fit, "npar"), n = lavInspect(fit, "nobs"))
fits <- lapply(cases, fit_of)

# ---- clusters ---------------------------------------------------------------------
mixed <- data.frame(A1 = people$A1, age = people$age, C1 = (people$C1 > 4) * 1,
                    neuro = rowMeans(people[paste0("N", 1:5)]), E1 = pmin(people$E1, 4))[1:600, ]
mixed[seq(7, 600, 31), 1] <- NA; mixed[seq(5, 600, 23), 3] <- NA; mixed[seq(5, 600, 46), 2] <- NA
base <- fromJSON("polychoric_bfi.json")$result$m_estimation$mixed_listwise
couples <- function(estimator) {
  fit <- cfa("f =~ A1 + age + C1 + neuro + E1", mixed, ordered = base$ordered, estimator = estimator, std.lv = TRUE)
  stopifnot(lavInspect(fit, "nobs") == base$n)
  D <- unclass(lavInspect(fit, "delta")); W <- unclass(lavInspect(fit, "wls.v")); G <- base$outer$gamma_clustered
  E <- solve(t(D) %*% W %*% D)
  V <- E %*% t(D) %*% W %*% G %*% W %*% D %*% E / (base$n - 1)
  U <- (W - W %*% D %*% E %*% t(D) %*% W) %*% G
  df <- nrow(D) - ncol(D); a <- sqrt(df / sum(diag(U %*% U))); chisq <- unname(fitMeasures(fit, "chisq"))
  list(model = "f =~ A1 + age + C1 + neuro + E1", ordered = base$ordered, n = base$n, param = names(coef(fit)),
       est = unname(coef(fit)), se = unname(sqrt(diag(V))), chisq = chisq, df = df,
       chisq_scaled = chisq * a + df - a * sum(diag(U)), scaling_factor = 1 / a)
}

difference <- function(...) {
  d <- lavTestLRT(...)
  list(chisq = d[2, "Chisq diff"], df = d[2, "Df diff"], pvalue = d[2, "Pr(>Chisq)"])
}
result <- c(lapply(fits, summary_of), list(
  clustered = lapply(c(WLSMV = "WLSMV", ULS = "ULS"), couples),
  differences = list(
    metric = difference(fits$configural, fits$metric),
    scalar = difference(fits$metric, fits$scalar_delta),
    strict = difference(fits$scalar_theta, fits$strict_theta))))
out <- list(
  oracle = "sem_ordinal",
  packages = c(R.version.string, paste("lavaan", packageVersion("lavaan"))),
  r_call = "lavaan::cfa(model, data, ordered = ordered, options), fitMeasures(), standardizedSolution(), lavTestLRT()",
  data = list(hs1939 = sha(args[1]), datcat = sha(args[2]), bfi = sha(args[3]), cuts = cuts),
  seed = NULL, cases = cases, result = result)
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null", pretty = TRUE), "sem_ordinal.json")
