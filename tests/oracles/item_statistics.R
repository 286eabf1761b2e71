# Items of a scale: what psych::alpha does not give. BFI, first 600 rows; rows 2i - 1 and 2i
# are taken as couple i.
#
#   polychoric      item-rest correlations of lavaan::lavCor
#   discrimination  upper minus lower 27 % (type 7 percentiles) of the mean of the other items
#   omega, residuals  one factor by maximum likelihood (factanal, tight criteria)
#   audit           item-rest correlations and minres loadings with standard errors from
#                   influence functions, differentiated numerically; with the key as declared,
#                   and with one item keyed wrongly
#
#   Rscript item_statistics.R path/to/bfi.csv
#   writes item_statistics.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript item_statistics.R path/to/bfi.csv")
bfi <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
keys <- list(agree         = c("-A1", "A2", "A3", "A4", "A5"),
             conscientious = c("C1", "C2", "C3", "-C4", "-C5"),
             neuroticism   = c("N1", "N2", "N3", "N4", "N5"),
             openness      = c("O1", "-O2", "O3", "O4", "-O5"))
reverse <- function(data, key) {
  x <- data[sub("^-", "", key)]
  for (j in grep("^-", key)) x[[j]] <- 7 - x[[j]]
  as.matrix(x)
}
first <- bfi[1:600, ]
couple <- rep(1:300, each = 2)

item_rest <- function(S) sapply(seq_len(ncol(S)), function(i) {
  w <- as.numeric(seq_len(ncol(S)) != i)
  sum(S[i, ] * w) / sqrt(S[i, i] * drop(t(w) %*% S %*% w))
})
# The oracle of polychorics is lavCor, whose optimiser stops at 1e-5 or better
polychoric <- function(x, missing) {
  d <- as.data.frame(x)
  item_rest(unclass(lavCor(d, ordered = names(d), missing = missing)))
}
discrimination <- function(x) sapply(seq_len(ncol(x)), function(i) {
  rest <- rowMeans(x[, -i, drop = FALSE], na.rm = TRUE)
  ok <- !is.na(x[, i]) & !is.nan(rest)
  cut <- quantile(rest[ok], c(.27, .73))
  (mean(x[ok, i][rest[ok] >= cut[2]]) - mean(x[ok, i][rest[ok] <= cut[1]])) / 5
})
one_factor <- function(S) {
  f <- factanal(covmat = S, factors = 1, rotation = "none",
                control = list(nstart = 1, opt = list(factr = 10, pgtol = 1e-12, maxit = 10000)))
  l <- f$loadings[, 1]
  list(loadings = l * sign(sum(l)), uniquenesses = f$uniquenesses)
}
omega <- function(S) {
  f <- one_factor(S); sd <- sqrt(diag(S))
  common <- sum(f$loadings * sd)^2
  common / (common + sum(f$uniquenesses * sd^2))
}
residuals_of <- function(S) { f <- one_factor(S); r <- cov2cor(S) - f$loadings %o% f$loadings; r[lower.tri(r)] }

# One minres factor: least squares on the correlations off the diagonal
minres <- function(S, start = NULL) {
  r <- cov2cor(S); k <- ncol(r)
  l <- if (is.null(start)) { e <- eigen(r); e$vectors[, 1] * sqrt(e$values[1]) * sign(sum(e$vectors[, 1])) * .9 } else start
  for (step in 1:200) {                                   # Newton steps on the gradient
    g <- drop((r - l %o% l) %*% l) - (1 - l^2) * l
    J <- r - 2 * l %o% l; diag(J) <- l^2 - sum(l^2)
    d <- solve(J, g); l <- l - d
    if (max(abs(d)) < 1e-14) break
  }
  stopifnot(max(abs(d)) < 1e-10)
  unname(l)
}
gradient_of <- function(f, S, h = 1e-5) {
  k <- ncol(S); slope <- array(0, c(length(f(S)), k, k))
  for (i in 1:k) for (j in 1:i) {
    E <- matrix(0, k, k); E[i, j] <- E[j, i] <- 1
    d <- (f(S + h * E) - f(S - h * E)) / (2 * h) / (if (i == j) 1 else 2)
    slope[, i, j] <- slope[, j, i] <- d
  }
  slope
}
errors <- function(f, x, g) {
  d <- scale(x, scale = FALSE); S <- crossprod(d) / nrow(d); slope <- gradient_of(f, S)
  sapply(seq_len(dim(slope)[1]), function(m) {
    u <- rowSums((d %*% slope[m, , ]) * d) - sum(slope[m, , ] * S)
    s <- if (is.null(g)) u else rowsum(u, g)
    G <- length(s)
    sqrt(G / (G - 1) * sum(s^2)) / nrow(d)
  })
}
audit <- function(x) {
  ok <- complete.cases(x); x <- x[ok, ]; g <- couple[ok]; G <- length(unique(g))
  S <- cov(x); r <- item_rest(S); l <- minres(S)
  bounds <- function(g, q) {
    se_r <- errors(item_rest, x, g) / (1 - r^2); se_l <- errors(function(V) minres(V, l), x, g)
    list(r_drop_ci_low = tanh(atanh(r) - q * se_r), r_drop_ci_high = tanh(atanh(r) + q * se_r),
         loading_ci_low = l - q * se_l, loading_ci_high = l + q * se_l)
  }
  list(n = nrow(x), r_drop = r, loading = l, independent = bounds(NULL, qnorm(.975)), clustered = bounds(g, qt(.975, G - 1)))
}
of_scale <- function(key) {
  x <- reverse(first, key); full <- na.omit(x); pair <- cov(x, use = "pairwise")
  with <- function(x, S, missing) list(
    r_drop_polychoric = polychoric(x, missing), discrimination = discrimination(x),
    omega_if_dropped = sapply(seq_len(ncol(S)), function(i) omega(S[-i, -i])), residuals = residuals_of(S))
  wrong <- x; wrong[, 2] <- 7 - wrong[, 2]
  list(items = key, listwise = with(full, cov(full), "listwise"), pairwise = with(x, pair, "pairwise"),
       audit = audit(x), audit_second_item_turned = audit(wrong))
}
out <- list(
  oracle = "item_statistics",
  packages = I(c(R.version.string, paste("lavaan", packageVersion("lavaan")))),
  r_call = I(c("lavaan::lavCor(items, ordered = names(items), missing = \"listwise\" | \"pairwise\")",
               "factanal(covmat = S, factors = 1, control = list(opt = list(factr = 10, pgtol = 1e-12)))",
               "base R: discrimination, minres by Newton steps, influence functions by central differences of 1e-5")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi), rows_used = 600,
              couples = "rows 2i - 1 and 2i, counted from 1, are couple i"),
  seed = NULL,
  note = I(c("items reversed as 7 - x; residuals: the lower triangle by columns",
             "pairwise: covariances over the rows that hold both items",
             "audit: complete rows; intervals of r_drop on atanh r; clustered: t quantiles on G - 1 degrees of freedom")),
  result = lapply(keys, of_scale))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "item_statistics.json")
