# Agreement of raters: what psych does not give, or gives only to lme4's tolerance.
#
#   icc        intraclass correlations of tables with and without empty cells. Variances by
#              restricted maximum likelihood: Fisher scoring on the dense covariance matrix,
#              to a gradient of 1e-10, compared with lme4::lmer. Intervals of psych::ICC, and
#              the modified large-sample interval of ICC2 (Ting et al. 1990).
#   clustered  the same with degrees of freedom from leaving out one couple at a time.
#   kappa      standard errors by the formula of Fleiss, Cohen & Everitt (1969), and by
#              numerical differentiation; clustered by couple.
#
#   Rscript agreement.R
#   writes agreement.json here
suppressPackageStartupMessages({library(lme4); library(psych); library(jsonlite)})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20260801)

# ---- tables -----------------------------------------------------------------
make <- function(n, k, target, rater, couple_share, holes) {
  of <- rep(seq_len(n / 2), each = 2)
  s <- sqrt(couple_share) * rnorm(n / 2)[of] + sqrt(1 - couple_share) * rnorm(n)
  x <- target * s + matrix(rater * rnorm(k), n, k, byrow = TRUE) + matrix(rnorm(n * k), n)
  x <- round(x, 3)
  x[sample(n * k, round(holes * n * k))] <- NA
  x[rowSums(!is.na(x)) > 0, ]   # psych::ICC counts targets without any rating; here they are left out
}
tables <- list(complete = make(40, 4, 1.2, 0.6, 0.5, 0),
               some_holes = make(40, 4, 1.2, 0.6, 0.5, 0.1),
               many_holes = make(60, 6, 1, 0.5, 0.5, 0.5),
               no_rater_variance = make(40, 3, 1, 0, 0.5, 0.2),
               two_raters = make(30, 2, 1, 0.8, 0.5, 0))

# ---- variance components ----------------------------------------------------
reml <- function(x) {
  at <- which(!is.na(x), arr.ind = TRUE)
  y <- x[at]; N <- length(y)
  S <- list(outer(at[, 1], at[, 1], "==") + 0, outer(at[, 2], at[, 2], "==") + 0, diag(N))
  v <- c(1, 1, 1) * var(y) / 3
  free <- c(TRUE, TRUE, TRUE)
  for (iteration in 1:200) {
    Vi <- solve(Reduce(`+`, Map(`*`, v, S)))
    P <- Vi - rowSums(Vi) %o% rowSums(Vi) / sum(Vi)
    Py <- P %*% y
    PS <- lapply(S, function(s) P %*% s)
    score <- sapply(1:3, function(i) -sum(diag(PS[[i]])) / 2 + drop(t(Py) %*% S[[i]] %*% Py) / 2)
    information <- outer(1:3, 1:3, Vectorize(function(i, j) sum(PS[[i]] * t(PS[[j]])) / 2))
    free <- v > 0 | score > 0
    if (max(abs(score[free])) < 1e-10) break
    step <- rep(0, 3)
    step[free] <- solve(information[free, free], score[free])
    v <- pmax(v + step, 0)
  }
  stopifnot(max(abs(score[free])) < 1e-10)
  v
}
squares <- function(x) {
  n <- nrow(x); k <- ncol(x)
  if (anyNA(x)) {
    v <- reml(x)
    return(c(between = v[3] + k * v[1], raters = v[3] + n * v[2], error = v[3], within = v[2] + v[3]))
  }
  long <- data.frame(value = c(x), target = factor(row(x)), rater = factor(col(x)))
  ms <- anova(lm(value ~ target + rater, long))$`Mean Sq`
  within <- anova(lm(value ~ target, long))$`Mean Sq`[2]
  c(between = ms[1], raters = ms[2], error = ms[3], within = within)
}

# ---- intervals --------------------------------------------------------------
forms <- function(m, n, k) {
  b <- m[["between"]]; j <- m[["raters"]]; e <- m[["error"]]; w <- m[["within"]]
  c(ICC1 = (b - w) / (b + (k - 1) * w), ICC2 = (b - e) / (b + (k - 1) * e + k * (j - e) / n),
    ICC3 = (b - e) / (b + (k - 1) * e), ICC1k = (b - w) / b, ICC2k = (b - e) / (b + (j - e) / n), ICC3k = (b - e) / b)
}
up <- function(bound, k) k * bound / (1 + (k - 1) * bound)
by_f <- function(f, df1, df2, k) {
  low <- f / qf(.975, df1, df2); high <- f * qf(.975, df2, df1)
  list(single = c((low - 1) / (low + k - 1), (high - 1) / (high + k - 1)), mean = c(1 - 1 / low, 1 - 1 / high))
}
satterthwaite <- function(m, n, k, nb, nj, ne) {
  b <- m[["between"]]; j <- m[["raters"]]; e <- m[["error"]]
  r <- forms(m, n, k)[["ICC2"]]
  a <- k * r / (n * (1 - r)); c <- 1 + k * r * (n - 1) / (n * (1 - r))
  v <- (a * j + c * e)^2 / ((a * j)^2 / nj + (c * e)^2 / ne)
  upper <- qf(.975, nb, v); lower <- qf(.975, v, nb)
  rest <- k * j + (k * n - k - n) * e
  c(n * (b - upper * e) / (upper * rest + n * b), n * (lower * b - e) / (rest + n * lower * b))
}
# Bounds of c1 E(b) - c2 E(j) - c3 E(e) by Ting et al. (1990); F(p; n, Inf) = qchisq(p, n) / n
large_sample <- function(m, n, k, nb, nj, ne, p = .025) {
  b <- m[["between"]]; j <- m[["raters"]]; e <- m[["error"]]
  G <- function(df) 1 - 1 / qf(1 - p, df, Inf)
  H <- function(df) 1 / qf(p, df, Inf) - 1
  G12 <- function(df) { f <- qf(1 - p, nb, df); ((f - 1)^2 - G(nb)^2 * f^2 - H(df)^2) / f }
  H12 <- function(df) { f <- qf(p, nb, df); ((1 - f)^2 - H(nb)^2 * f^2 - G(df)^2) / f }
  H23 <- (1 - 1 / qf(1 - p, nj + ne, Inf))^2 * (nj + ne)^2 / (nj * ne) - G(nj)^2 * nj / ne - G(ne)^2 * ne / nj
  difference <- function(rho, below) {
    odds <- rho / (1 - rho)
    c1 <- 1 / k; c2 <- odds / n; c3 <- 1 / k + odds * (n - 1) / n
    d <- c1 * b - c2 * j - c3 * e
    V <- if (below) G(nb)^2 * (c1 * b)^2 + H(nj)^2 * (c2 * j)^2 + H(ne)^2 * (c3 * e)^2 +
      G12(nj) * c1 * c2 * b * j + G12(ne) * c1 * c3 * b * e
    else H(nb)^2 * (c1 * b)^2 + G(nj)^2 * (c2 * j)^2 + G(ne)^2 * (c3 * e)^2 +
      H12(nj) * c1 * c2 * b * j + H12(ne) * c1 * c3 * b * e + H23 * c2 * c3 * j * e
    d + (if (below) -1 else 1) * sqrt(max(V, 0))
  }
  root <- function(below) if (difference(0, below) <= 0) min(0, satterthwaite(m, n, k, nb, nj, ne)[if (below) 1 else 2])
    else uniroot(difference, c(0, 1 - 1e-9), below = below, tol = 1e-15, maxiter = 10000)$root
  c(root(TRUE), root(FALSE))
}
report <- function(x, df = NULL) {
  n <- nrow(x); k <- ncol(x); m <- squares(x)
  if (is.null(df)) df <- list(one = c(n - 1, n * (k - 1)), two = c(n - 1, (n - 1) * (k - 1)), widening = 1)
  wide <- lapply(df[c("one", "two")], `/`, df$widening)
  f1 <- m[["between"]] / m[["within"]]; f3 <- m[["between"]] / m[["error"]]
  one <- by_f(f1, wide$one[1], wide$one[2], k); three <- by_f(f3, wide$two[1], wide$two[2], k)
  two <- large_sample(m, n, k, wide$two[1], k - 1, wide$two[2])
  psych2 <- satterthwaite(m, n, k, wide$two[1], k - 1, wide$two[2])
  ci <- rbind(ICC1 = one$single, ICC2 = two, ICC3 = three$single, ICC1k = one$mean, ICC2k = up(two, k), ICC3k = three$mean)
  dfs <- rbind(df$one, df$two, df$two)[rep(1:3, 2), ]
  F <- c(f1, f3, f3)[rep(1:3, 2)]
  list(mean_squares = as.list(m), icc = as.list(forms(m, n, k)), F = F, df1 = dfs[, 1], df2 = dfs[, 2],
       p = pf(F, dfs[, 1], dfs[, 2], lower.tail = FALSE), ci_low = unname(ci[, 1]), ci_high = unname(ci[, 2]),
       satterthwaite = list(ICC2 = psych2, ICC2k = up(psych2, k)))
}
# Degrees of freedom of which log mean squares have the variance that the jackknife of couples shows
of_couples <- function(x) {
  couple <- rep(seq_len(nrow(x) / 2), each = 2); G <- max(couple)
  logs <- t(sapply(seq_len(G), function(g) log(squares(x[couple != g, ])[c("between", "within", "error")])))
  if (anyNA(x)) {   # mean squares of all raters' cells, as the estimates of all couples are read
    k <- ncol(x)
    logs <- t(sapply(seq_len(G), function(g) { v <- reml(x[couple != g, ]); log(c(v[3] + k * v[1], v[2] + v[3], v[3])) }))
  }
  V <- (G - 1) / G * crossprod(scale(logs, scale = FALSE))
  pair <- function(i) 2 / (c(V[1, 1], V[i, i]) * (V[1, 1] + V[i, i] - 2 * V[1, i]) / (V[1, 1] + V[i, i]))
  list(one = pair(2), two = pair(3), widening = (G - 1) / (G - 3))
}
against_psych <- function(x) {
  n <- nrow(x); k <- ncol(x); ours <- report(x)
  theirs <- suppressMessages(suppressWarnings(ICC(x, lmer = anyNA(x))))$results
  tolerance <- if (anyNA(x)) 2e-4 else 1e-10
  stopifnot(all.equal(unlist(ours$icc), setNames(theirs$ICC, theirs$type), tolerance = tolerance),
            all.equal(ours$satterthwaite$ICC2, unlist(theirs[2, 7:8]), tolerance = tolerance, check.attributes = FALSE))
}
invisible(lapply(tables[names(tables) != "no_rater_variance"], against_psych))
rows <- function(x) lapply(seq_len(nrow(x)), function(i) as.list(x[i, ]))
icc <- lapply(tables, function(x) c(list(x = rows(x)), report(x)))
clustered <- lapply(tables[c("complete", "some_holes", "two_raters")], function(x) report(x, of_couples(x)))

# ---- kappa ------------------------------------------------------------------
kappa_of <- function(p, w) { e <- sum(w * (rowSums(p) %o% colSums(p))); (sum(w * p) - e) / (1 - e) }
weights <- function(c, power) if (power == 0) diag(c) else 1 - (abs(row(diag(c)) - col(diag(c))) / (c - 1))^power
# Fleiss, Cohen & Everitt (1969), equation for the variance of weighted kappa
fce <- function(p, w, n) {
  first <- rowSums(p); second <- colSums(p)
  po <- sum(w * p); pe <- sum(w * (first %o% second))
  wi <- drop(w %*% second)             # mean of the weights of row i over the second rater's margin
  wj <- drop(first %*% w)              # mean of the weights of column j over the first rater's margin
  sqrt((sum(p * (w * (1 - pe) - outer(wi, wj, `+`) * (1 - po))^2) - (po * pe - 2 * pe + po)^2) / (n * (1 - pe)^4))
}
# Influence of a case in a cell: the derivative of kappa towards that cell, by central differences
influence <- function(p, w, h = 1e-6) {
  u <- p
  for (i in seq_along(p)) {
    unit <- p * 0; unit[i] <- 1
    u[i] <- (kappa_of(p + h * (unit - p), w) - kappa_of(p - h * (unit - p), w)) / (2 * h)
  }
  u
}
n <- 60; couple <- rep(1:30, each = 2)
trait <- rnorm(30)[couple] + rnorm(n)
rate <- function(shift) cut(trait + shift + 0.8 * rnorm(n), c(-Inf, -1.5, -.5, .5, 1.5, Inf), labels = FALSE)
first <- rate(0); second <- rate(0.5)
counts <- table(factor(first, 1:5), factor(second, 1:5))
p <- unclass(counts / n)
one_kappa <- function(power) {
  w <- weights(5, power); se <- fce(p, w, n); u <- influence(p, w)
  stopifnot(all.equal(se, sqrt(sum(p * u^2) / n), tolerance = 1e-6))
  theirs <- suppressWarnings(cohen.kappa(cbind(first, second), w = w, levels = 1:5))
  estimate <- kappa_of(p, w)
  stopifnot(all.equal(estimate, theirs$weighted.kappa))
  sums <- rowsum(u[cbind(first, second)], couple); G <- nrow(sums)
  clustered <- sqrt(G / (G - 1) * sum(sums^2)) / n
  list(kappa = estimate, se = se, ci = estimate + qnorm(c(.025, .975)) * se,
       se_clustered = clustered, ci_clustered = estimate + qt(c(.025, .975), G - 1) * clustered,
       se_of_psych_2.2.9 = sqrt(theirs$var.weighted))
}
kappas <- list(first = first, second = second, none = one_kappa(0), linear = one_kappa(1), quadratic = one_kappa(2))

# The example of psych and of Fleiss, Cohen & Everitt: a table of 200 cases
example <- matrix(c(.44, .05, .01, .07, .20, .03, .09, .05, .06), 3, byrow = TRUE)
w <- weights(3, 2)
kappas$table_n200 <- list(se = fce(example, w, 200), se_numerical = sqrt(sum(example * influence(example, w)^2) / 200))

out <- list(
  oracle = "agreement",
  packages = I(c(R.version.string, paste("psych", packageVersion("psych")), paste("lme4", packageVersion("lme4")))),
  r_call = I(c("base R: analysis of variance, dense REML by Fisher scoring, formulas of intervals",
               "checked in the script: psych::ICC(x, lmer = FALSE | TRUE), psych::cohen.kappa(cbind(x, y), w)")),
  data = "made here; tables and ratings in result, targets 2i - 1 and 2i are couple i",
  seed = 20260801,
  note = I(c("ci of ICC2 and ICC2k: modified large-sample; satterthwaite: psych's",
             "clustered: df are those of log mean squares by the jackknife of couples, widened by (G - 1)/(G - 3) in intervals",
             paste("psych 2.2.9 computes the variance of weighted kappa with rowSums(w * rs), the row's own share times",
                   "the sum of its weights, where the formula has the mean of the column's weights over the rows;",
                   "numerical differentiation agrees with the formula"))),
  result = list(icc = icc, clustered = clustered, kappa = kappas))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "agreement.json")
