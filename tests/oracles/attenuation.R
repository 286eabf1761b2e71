# Correlations between scales corrected for attenuation, with delta-method standard errors
# that take both reliabilities for estimated from the same people; psych::correct.cor has no
# standard errors. BFI, first 600 rows; rows 2i - 1 and 2i are taken as couple i.
#
#   Rscript attenuation.R path/to/bfi.csv
#   writes attenuation.json here
suppressPackageStartupMessages({library(psych); library(lavaan); library(semTools); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript attenuation.R path/to/bfi.csv")
bfi <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
keys <- list(agree         = c("-A1", "A2", "A3", "A4", "A5"),
             conscientious = c("C1", "C2", "C3", "-C4", "-C5"),
             neuroticism   = c("N1", "N2", "N3", "N4", "N5"))
reverse <- function(data, key) {
  x <- data[sub("^-", "", key)]
  for (j in grep("^-", key)) x[[j]] <- 7 - x[[j]]
  as.matrix(x)
}
first <- bfi[1:600, ]
couple <- rep(1:300, each = 2)
items <- lapply(keys, function(key) reverse(first, key))
scores <- sapply(items, rowMeans, na.rm = TRUE)

# Influence of rows on r: z_x z_y - r (z_x^2 + z_y^2) / 2, divided by the rows used; 0 elsewhere
of_r <- function(x, y) {
  ok <- complete.cases(x, y)
  z <- function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2))
  a <- z(x[ok]); b <- z(y[ok]); r <- mean(a * b)
  u <- rep(0, length(x)); u[ok] <- (a * b - r * (a^2 + b^2) / 2) / sum(ok)
  list(value = r, u = u)
}
complete <- function(x) { ok <- complete.cases(x); list(ok = ok, d = scale(x[ok, ], scale = FALSE)) }
# Alpha and its influence function in closed form
of_alpha <- function(x) {
  one <- complete(x); k <- ncol(x)
  q <- rowSums(one$d^2); t <- rowSums(one$d)^2
  u <- rep(0, nrow(x))
  u[one$ok] <- k / (k - 1) * (mean(q) * t / mean(t)^2 - q / mean(t)) / sum(one$ok)
  list(value = k / (k - 1) * (1 - mean(q) / mean(t)), u = u)
}
# Omega of one factor by maximum likelihood, its influence by central differences towards each person
omega_of <- function(V) {
  names <- paste0("x", seq_len(ncol(V))); dimnames(V) <- list(names, names)
  fit <- cfa(paste("f =~", paste(names, collapse = " + ")), sample.cov = V, sample.nobs = 1000, std.lv = TRUE,
             sample.cov.rescale = FALSE, se = "none", test = "none", control = list(rel.tol = 1e-10))
  est <- lavInspect(fit, "est")
  common <- sum(est$lambda)^2
  common / (common + sum(diag(est$theta)))
}
of_omega <- function(x) {
  one <- complete(x); V <- crossprod(one$d) / nrow(one$d); k <- ncol(x); h <- 1e-4
  slope <- matrix(0, k, k)
  for (i in 1:k) for (j in 1:i) {
    E <- matrix(0, k, k); E[i, j] <- E[j, i] <- 1
    slope[i, j] <- slope[j, i] <- (omega_of(V + h * E) - omega_of(V - h * E)) / (2 * h) / (if (i == j) 1 else 2)
  }
  u <- rep(0, nrow(x))
  u[one$ok] <- (rowSums((one$d %*% slope) * one$d) - sum(slope * V)) / sum(one$ok)
  list(value = omega_of(V), u = u)
}
se_of <- function(u, used, g) {
  s <- if (is.null(g)) u[used] else rowsum(u[used], g[used])
  G <- length(s)
  list(se = sqrt(G / (G - 1) * sum(s^2)), G = G)
}
one_pair <- function(pair, reliability) {
  r <- of_r(scores[, pair[1]], scores[, pair[2]])
  x <- reliability[[pair[1]]]; y <- reliability[[pair[2]]]
  corrected <- r$value / sqrt(x$value * y$value)
  u <- r$u / sqrt(x$value * y$value) - corrected / 2 * (x$u / x$value + y$u / y$value)
  used <- complete.cases(scores[, pair]) | x$u != 0 | y$u != 0
  plain <- se_of(u, used, NULL); clustered <- se_of(u, used, couple)
  list(x = pair[1], y = pair[2], n = sum(complete.cases(scores[, pair])), r = r$value,
       reliability_x = x$value, reliability_y = y$value, r_corrected = corrected,
       se = plain$se, ci = corrected + qnorm(c(.025, .975)) * plain$se,
       se_clustered = clustered$se, ci_clustered = corrected + qt(c(.025, .975), clustered$G - 1) * clustered$se)
}
report <- function(of) {
  reliability <- lapply(items, of)
  combn(names(keys), 2, one_pair, simplify = FALSE, reliability = reliability)
}
alpha <- report(of_alpha)
values <- sapply(items, function(x) psych::alpha(na.omit(x), warnings = FALSE)$total$raw_alpha)
theirs <- correct.cor(cor(scores, use = "pairwise"), values)
for (one in alpha) stopifnot(all.equal(theirs[one$x, one$y], one$r_corrected, tolerance = 1e-10))

out <- list(
  oracle = "attenuation",
  packages = I(c(R.version.string, paste(c("psych", "lavaan"), sapply(c("psych", "lavaan"), function(p) as.character(packageVersion(p)))))),
  r_call = I(c("psych::correct.cor(cor(scores, use = \"pairwise\"), alphas)  # estimates, checked in the script",
               "base R: influence functions of r and of both reliabilities, summed within couples",
               "omega: lavaan::cfa(std.lv = TRUE) on the covariance matrix, differentiated by central differences of 1e-4")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi), rows_used = 600,
              couples = "rows 2i - 1 and 2i, counted from 1, are couple i"),
  seed = NULL,
  note = I(c("scores: mean of the answered items; reliabilities over the people with all items of the scale",
             "se = sqrt(G/(G - 1) * sum(u^2)), u the influence values, summed within couples for se_clustered")),
  result = list(alpha = alpha, omega_fitted = report(of_omega)))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "attenuation.json")
