# Standard errors of reliability coefficients and correlations when people come
# in couples. Rows 2i - 1 and 2i of the first 600 rows of BFI are taken as couple
# i (an invented grouping: what matters is the arithmetic). People with a missing
# item of the scale are left out, so some couples keep one member.
# Each standard error twice: from influence functions in base R, and from lavaan
# (saturated covariance model, the coefficient as a defined parameter, MLR).
#
#   Rscript alpha_clustered_bfi.R path/to/bfi.csv
#   writes alpha_clustered_bfi.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript alpha_clustered_bfi.R path/to/bfi.csv")
bfi <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))

# "-A1" means: A1 is reversed, 7 - A1
keys <- list(agree         = c("-A1", "A2", "A3", "A4", "A5"),
             conscientious = c("C1", "C2", "C3", "-C4", "-C5"),
             extraversion  = c("-E1", "-E2", "E3", "E4", "E5"),
             neuroticism   = c("N1", "N2", "N3", "N4", "N5"),
             openness      = c("O1", "-O2", "O3", "O4", "-O5"))
names_of <- function(key) sub("^-", "", key)
reverse <- function(data, key) {
  x <- data[names_of(key)]
  for (j in grep("^-", key)) x[[j]] <- 7 - x[[j]]
  x
}

first <- bfi[1:600, ]
couple <- rep(1:300, each = 2)

# ---- base R -----------------------------------------------------------------
# From the people's influence values: independent people, and couples
se_both <- function(IF, g) {
  N <- length(IF)
  u <- rowsum(IF, g)
  G <- length(u)
  list(se_independent = sqrt(N / (N - 1) * sum(IF^2)) / N,
       se_clustered   = sqrt(G / (G - 1) * sum(u^2)) / N)
}

# The coefficients as functions of a covariance matrix. They must also work for
# complex numbers (see below), hence no cov2cor and no abs.
correlation <- function(V) { s <- 1 / sqrt(diag(V)); t(V * s) * s }
off <- function(M) { diag(M) <- 0; M }
alpha_of   <- function(V) { k <- ncol(V); k / (k - 1) * (1 - sum(diag(V)) / sum(V)) }
lambda2_of <- function(V) {
  k <- ncol(V)
  1 - sum(diag(V)) / sum(V) + sqrt(k / (k - 1) * sum(off(V)^2)) / sum(V)
}
lambda6_of <- function(V) {            # uniquenesses from the inverse, psych's G6
  R <- correlation(V)
  1 - sum(1 / diag(solve(R))) / sum(R)
}
mean_r_of <- function(V) { R <- correlation(V); k <- ncol(R); sum(off(R)) / (k * (k - 1)) }
statistics <- list(alpha = alpha_of,
                   alpha_std = function(V) alpha_of(correlation(V)),
                   lambda2_cov = lambda2_of,
                   lambda2_cor = function(V) lambda2_of(correlation(V)),
                   mean_r = mean_r_of,
                   lambda6_cor = lambda6_of)

# Influence of person i: the derivative of f at V in the direction d_i d_i' - V,
# taken by a complex step, which is exact to rounding.
influence_of <- function(f, V, d) {
  h <- 1e-20
  apply(d, 1, function(di) Im(f(V + 1i * h * (outer(di, di) - V))) / h)
}

# ---- lavaan -----------------------------------------------------------------
fit_defined <- function(model, data, clustered) {
  # meanstructure and the divisor N of the covariances change nothing here
  fit <- if (clustered) sem(model, data, estimator = "MLR", cluster = "couple",
                            control = list(rel.tol = 1e-14))
         else           sem(model, data, estimator = "MLR",
                            control = list(rel.tol = 1e-14))
  stopifnot(lavInspect(fit, "converged"))
  p <- parameterEstimates(fit)
  p <- p[p$op == ":=", ]
  list(est = setNames(p$est, p$lhs), se = setNames(p$se, p$lhs))
}

# Called by name from the lavaan model: lambda 6 needs a matrix inverse
lambda6_from <- function(...) {
  m <- c(...); k <- (sqrt(8 * length(m) + 1) - 1) / 2
  V <- matrix(m[1], k, k)
  V[lower.tri(V, TRUE)] <- m
  V[upper.tri(V)] <- t(V)[upper.tri(V)]
  lambda6_of(V)
}

scale_model <- function(x) {
  k <- length(x)
  at <- which(lower.tri(diag(k), TRUE), arr.ind = TRUE)       # down the columns
  label <- sprintf("s%d%d", at[, 1], at[, 2])
  is_var <- at[, 1] == at[, 2]
  v <- label[is_var]; cv <- label[!is_var]
  plus <- function(z) paste(z, collapse = " + ")
  r <- sprintf("%s/sqrt(s%d%d*s%d%d)", cv, at[!is_var, 1], at[!is_var, 1], at[!is_var, 2], at[!is_var, 2])
  f <- sprintf("%d/%d", k, k - 1)
  total <- sprintf("(%s + 2*(%s))", plus(v), plus(cv))
  c(sprintf("%s ~~ %s*%s", x[at[, 1]], label, x[at[, 2]]),
    sprintf("alpha := %s*(1 - (%s)/%s)", f, plus(v), total),
    sprintf("alpha_std := %s*(1 - %d/(%d + 2*(%s)))", f, k, k, plus(r)),
    sprintf("lambda2_cov := 1 - (%s)/%s + sqrt(%s*2*(%s))/%s", plus(v), total, f,
            plus(paste0(cv, "^2")), total),
    sprintf("lambda2_cor := 1 - %d/(%d + 2*(%s)) + sqrt(%s*2*(%s))/(%d + 2*(%s))", k, k, plus(r), f,
            plus(paste0("(", r, ")^2")), k, plus(r)),
    sprintf("mean_r := (%s)/%d", plus(r), k * (k - 1) / 2),
    sprintf("lambda6_cor := lambda6_from(%s)", paste(label, collapse = ", ")))
}
pair_model <- "x ~~ v1*x
               y ~~ v2*y
               x ~~ c*y
               r := c/sqrt(v1*v2)"

# Both ways together, with the relations between them checked: with couples they
# agree; without, lavaan leaves out the factor sqrt(N/(N - 1)).
together <- function(name, est, IF, g, plain, robust) {
  b <- se_both(IF, g)
  N <- length(IF)
  same <- function(a, b) isTRUE(all.equal(unname(a), unname(b), tolerance = 1e-6))
  stopifnot(same(est, plain$est[name]), same(est, robust$est[name]),
            same(b$se_clustered, robust$se[name]),
            same(b$se_independent, plain$se[name] * sqrt(N / (N - 1))))
  c(list(estimate = est), b,
    list(lavaan = list(estimate = plain$est[[name]], se_independent = plain$se[[name]],
                       se_clustered = robust$se[[name]])))
}
sizes <- function(g) {
  t <- table(g)
  list(n = length(g), n_couples = length(t), n_couples_of_two = sum(t == 2), n_singles = sum(t == 1))
}

one_scale <- function(key) {
  x <- reverse(first, key)
  ok <- complete.cases(x)
  x <- x[ok, ]; g <- couple[ok]
  d <- scale(x, scale = FALSE)
  V <- crossprod(d) / nrow(d)

  # alpha's influence function in closed form
  k <- ncol(d)
  q <- rowSums(d^2); t <- rowSums(d)^2
  IF <- k / (k - 1) * (mean(q) * t / mean(t)^2 - q / mean(t))
  stopifnot(all.equal(IF, influence_of(alpha_of, V, d), check.attributes = FALSE, tolerance = 1e-10))

  data <- cbind(x, couple = g)
  model <- scale_model(names(x))
  plain <- fit_defined(model, data, FALSE)
  robust <- fit_defined(model, data, TRUE)
  c(list(items = key), sizes(g),
    sapply(names(statistics), function(s)
      together(s, statistics[[s]](V), influence_of(statistics[[s]], V, d), g, plain, robust),
      simplify = FALSE))
}

means <- as.data.frame(lapply(keys, function(key) rowMeans(reverse(first, key), na.rm = TRUE)))
one_pair <- function(ab) {
  ok <- complete.cases(means[ab])
  data <- data.frame(x = means[[ab[1]]], y = means[[ab[2]]], couple = couple)[ok, ]
  z <- function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2))
  r <- cor(data$x, data$y)
  IF <- z(data$x) * z(data$y) - r / 2 * (z(data$x)^2 + z(data$y)^2)
  c(list(x = ab[1], y = ab[2]), sizes(data$couple),
    list(r = together("r", r, IF, data$couple, fit_defined(pair_model, data, FALSE),
                      fit_defined(pair_model, data, TRUE))))
}

out <- list(
  oracle = "alpha_clustered_bfi",
  packages = I(c(R.version.string, paste("lavaan", packageVersion("lavaan")))),
  r_call = I(c("lavaan::sem(saturated, estimator = \"MLR\")",
               "lavaan::sem(saturated, estimator = \"MLR\", cluster = \"couple\")",
               "base R: influence functions summed within couples")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi), rows_used = 600,
              couples = "rows 2i - 1 and 2i, counted from 1, are couple i"),
  seed = NULL,
  note = I(c("se_clustered = sqrt(G/(G - 1) * sum(u^2))/N, u the influence values summed within couples, G couples with anyone left",
             "se_independent = sqrt(N/(N - 1) * sum(IF^2))/N",
             paste("lavaan with cluster has the same factor G/(G - 1), so its se equals se_clustered; without",
                   "cluster it has no factor, so se_independent = lavaan's se * sqrt(N/(N - 1)).",
                   "The script stops if either fails at a relative 1e-6"),
             "scale means for the correlations: mean of the answered items, reversed ones as 7 - x",
             "the coefficients do not depend on dividing covariances by N or N - 1",
             "lambda6_cor is psych's G6, on the correlation matrix")),
  result = list(scales = lapply(keys, one_scale),
                correlations = combn(names(keys), 2, one_pair, simplify = FALSE)))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"),
           "alpha_clustered_bfi.json")
