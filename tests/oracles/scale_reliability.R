# Reliability beyond alpha of the five BFI scales: Guttman's lambdas of the
# covariance matrix, all split halves, omega of one factor (maximum likelihood)
# with errors for independent people and for couples, alpha of the polychoric
# correlations, and omega by Schmid and Leiman from three group factors.
# Formulas are written out; lavaan, GPArotation and psych check them.
#
#   Rscript scale_reliability.R path/to/bfi.csv   writes scale_reliability.json here
suppressPackageStartupMessages({library(psych); library(lavaan); library(GPArotation); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript scale_reliability.R path/to/bfi.csv")
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

# ---- Guttman's lambdas and split halves --------------------------------------
guttman <- function(V) {
  off <- V - diag(diag(V)); s <- sum(V); l1 <- 1 - sum(diag(V)) / s; k <- ncol(V)
  u <- 1 / diag(solve(V))
  list(lambda1 = l1, lambda2 = l1 + sqrt(k / (k - 1) * sum(off^2)) / s,
       lambda5 = l1 + 2 * sqrt(max(colSums(off^2))) / s, lambda6_covariance = 1 - sum(u) / s)
}
# psych::splitHalf looks at the first half of combn(k, floor(k/2)) only, which for
# an odd k is half of the splits: here are all of them
split_halves <- function(V) {
  k <- ncol(V)
  all <- combn(k, k %/% 2)
  r <- apply(all, 2, function(a) 4 * sum(V[a, -a]) / sum(V))
  p <- psych::splitHalf(V, covar = TRUE, brute = TRUE, check.keys = FALSE)
  half <- r[seq_len(round(ncol(all) / 2))]
  stopifnot(all.equal(c(p$maxrb, p$minrb, p$meanr), c(max(half), min(half), mean(half)), tolerance = 1e-12))
  list(min = min(r), mean = mean(r), max = max(r), n = length(r))
}

# ---- omega of one factor -----------------------------------------------------
polished <- function(x, g) {           # nlminb stops at 1e-6; Newton steps go on to 1e-13
  for (step in 1:5) {
    H <- sapply(seq_along(x), function(j) { d <- replace(numeric(length(x)), j, 1e-5); (g(x + d) - g(x - d)) / 2e-5 })
    x <- x - solve((H + t(H)) / 2, g(x))
  }
  stopifnot(max(abs(g(x))) < 1e-12)
  x
}
one_factor <- function(V) {
  sd <- sqrt(diag(V)); R <- V / outer(sd, sd)
  parts <- function(x) { s <- exp(-x / 2); eigen(R * outer(s, s), symmetric = TRUE) }
  f <- function(x) { t <- parts(x)$values[-1]; sum(t - log(t) - 1) }
  g <- function(x) { e <- parts(x); drop(e$vectors[, -1]^2 %*% (1 - e$values[-1])) }
  x <- nlminb(-log(diag(solve(R))), f, g, control = list(rel.tol = 1e-15, x.tol = 1e-14))$par
  x <- polished(x, g)
  stopifnot(exp(x) > .01)
  e <- parts(x)
  l <- exp(x / 2) * e$vectors[, 1] * sqrt(e$values[1] - 1)
  list(loadings = sd * l * sign(sum(l)), errors = exp(x) * sd^2, std = l * sign(sum(l)))
}
omega_fitted   <- function(V) { o <- one_factor(V); c <- sum(o$loadings)^2; c / (c + sum(o$errors)) }
omega_observed <- function(V) sum(one_factor(V)$loadings)^2 / sum(V)

# Gradient by central differences with Richardson's step, then people's influences
gradient <- function(f, V) {
  k <- ncol(V); G <- matrix(0, k, k)
  for (i in 1:k) for (j in i:k) {
    D <- matrix(0, k, k); D[i, j] <- D[j, i] <- 1
    slope <- function(h) (f(V + h * D) - f(V - h * D)) / (2 * h)
    s <- (4 * slope(1e-3) - slope(2e-3)) / 3
    G[i, j] <- G[j, i] <- if (i == j) s else s / 2
  }
  G
}
se_both <- function(IF, g) {
  N <- length(IF); u <- rowsum(IF, g); n_g <- length(u)
  list(se_independent = sqrt(N / (N - 1) * sum(IF^2)) / N, se_clustered = sqrt(n_g / (n_g - 1) * sum(u^2)) / N)
}
omega_errors <- function(f, x, couple) {
  d <- scale(x, scale = FALSE); V <- crossprod(d) / nrow(d)
  G <- gradient(f, V)
  IF <- rowSums((d %*% G) * d) - sum(G * V)
  c(list(estimate = f(V)), se_both(IF, couple))
}
by_lavaan <- function(x, couple) {
  v <- names(x); k <- length(v); l <- paste0("l", 1:k); e <- paste0("e", 1:k)
  model <- c(paste("F =~", paste0(l, "*", v, collapse = " + ")), sprintf("%s ~~ %s*%s", v, e, v),
             sprintf("omega := (%s)^2/((%s)^2 + %s)", paste(l, collapse = "+"), paste(l, collapse = "+"), paste(e, collapse = "+")))
  run <- function(...) {
    fit <- cfa(model, cbind(x, couple = couple), std.lv = TRUE, estimator = "MLR", ...)
    p <- parameterEstimates(fit); p[p$op == ":=", ]
  }
  plain <- run(); robust <- run(cluster = "couple")
  list(estimate = plain$est, se_independent = plain$se, se_clustered = robust$se)
}

# ---- ordinal alpha -----------------------------------------------------------
ordinal_alpha <- function(x) {
  v <- names(x); k <- length(v)
  fit <- cfa(paste("F =~", paste(v, collapse = " + ")), x, ordered = v, std.lv = TRUE, estimator = "WLSMV")
  R <- lavInspect(fit, "sampstat")$cov
  W <- lavInspect(fit, "gamma"); n_th <- length(lavInspect(fit, "sampstat")$th)
  g <- k / (k - 1) * 2 * k / sum(R)^2
  pairs <- n_th + seq_len(k * (k - 1) / 2)
  list(estimate = k / (k - 1) * (1 - k / sum(R)), se_N = g * sqrt(sum(W[pairs, pairs]) / nrow(x)), n = nrow(x),
       psych_global = psych::alpha(psych::polychoric(x)$rho)$total$raw_alpha)
}

# ---- Schmid and Leiman -------------------------------------------------------
schmid_leiman <- function(R) {
  f <- function(psi) sum(eigen(R - diag(psi), symmetric = TRUE)$values[-(1:3)]^2) / 2
  g <- function(psi) { e <- eigen(R - diag(psi), symmetric = TRUE); -drop(e$vectors[, -(1:3)]^2 %*% e$values[-(1:3)]) }
  psi <- polished(nlminb(1 / diag(solve(R)), f, g, control = list(rel.tol = 1e-15))$par, g)
  e <- eigen(R - diag(psi), symmetric = TRUE)
  A <- e$vectors[, 1:3] %*% diag(sqrt(e$values[1:3]))
  o <- GPArotation::oblimin(A, eps = 1e-7, maxit = 1e5)
  P <- o$Phi                             # one factor of three correlations is exact
  gl <- sqrt(c(P[1, 2] * P[1, 3] / P[2, 3], P[1, 2] * P[2, 3] / P[1, 3], P[1, 3] * P[2, 3] / P[1, 2]))
  gl[2] <- gl[2] * sign(P[1, 2]); gl[3] <- gl[3] * sign(P[1, 3])
  stopifnot(abs(gl) < 1, abs(gl[1] * gl[2] - P[1, 2]) < 1e-10, abs(gl[2] * gl[3] - P[2, 3]) < 1e-10)
  general <- drop(unclass(o$loadings) %*% gl); general <- general * sign(sum(general))
  list(general = unname(general), uniquenesses = psi, omega_total = 1 - sum(psi) / sum(R),
       omega_hierarchical = sum(general)^2 / sum(R))
}

first <- bfi[1:600, ]
couple <- rep(1:300, each = 2)
one_scale <- function(key) {
  x <- reverse(bfi, key); complete <- na.omit(x)
  of <- function(V) c(guttman(V), list(split_half = split_halves(V), omega_fitted = omega_fitted(V),
                                       omega_observed = omega_observed(V)))
  part <- reverse(first, key); ok <- complete.cases(part); part <- part[ok, ]; g <- couple[ok]
  fitted <- omega_errors(omega_fitted, part, g); lav <- by_lavaan(part, g)
  n <- nrow(part)
  stopifnot(abs(fitted$estimate - lav$estimate) < 1e-6,
            abs(fitted$se_clustered / lav$se_clustered - 1) < 1e-4,
            abs(fitted$se_independent / (lav$se_independent * sqrt(n / (n - 1))) - 1) < 1e-4)
  V <- cov(complete)
  sem <- sqrt(sum(V)) / ncol(V) * sqrt(1 - psych::alpha(complete)$total$raw_alpha)
  list(items = key, listwise = of(V), pairwise = of(cov(x, use = "pairwise")),
       smallest_detectable_change_95 = qnorm(.975) * sqrt(2) * sem,
       smallest_detectable_change_90 = qnorm(.95) * sqrt(2) * sem,
       couples = list(n = n, omega_fitted = c(fitted, list(lavaan = lav)),
                      omega_observed = omega_errors(omega_observed, part, g)),
       ordinal = ordinal_alpha(complete))
}
signed_r <- function(key, use) { x <- reverse(bfi, key); cor(x, use = use) }
fifteen <- unlist(keys[c("agree", "conscientious", "extraversion")], use.names = FALSE)
every <- unlist(keys, use.names = FALSE)

out <- list(
  oracle = "scale_reliability",
  packages = I(c(R.version.string, sapply(c("psych", "lavaan", "GPArotation"), function(p) paste(p, packageVersion(p))))),
  r_call = I(c("base R: eigen, nlminb, combn", "lavaan::cfa(one factor, estimator = \"MLR\", cluster = \"couple\")",
               "lavaan::cfa(ordered = items): sampstat and gamma", "GPArotation::oblimin(A, eps = 1e-7)",
               "psych::splitHalf(V, covar = TRUE, brute = TRUE)")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi), couples = "rows 2i - 1 and 2i of the first 600"),
  seed = NULL,
  note = I(c("couples as in alpha_clustered_bfi; se_independent has the factor sqrt(N/(N - 1))",
             "ordinal: polychorics of lavaan, se_N from its asymptotic covariance, divided by N",
             "hierarchy: three minres factors to a gradient of 1e-12, oblimin to 1e-7")),
  result = list(scales = lapply(keys, one_scale),
                hierarchy = list(fifteen = list(items = fifteen, listwise = schmid_leiman(signed_r(fifteen, "complete.obs")),
                                            pairwise = schmid_leiman(signed_r(fifteen, "pairwise"))),
                                 all = list(items = every, listwise = schmid_leiman(signed_r(every, "complete.obs")),
                                            pairwise = schmid_leiman(signed_r(every, "pairwise"))))))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "scale_reliability.json")
