# Percentile and BCa intervals of boot::boot.ci on given bootstrap samples of the
# first 150 complete rows of the BFI agreeableness items (A1 reversed): alpha, and
# omega of one factor (factanal). The influences are given to boot.ci as L.
#
#   Rscript bca_bfi.R path/to/bfi.csv   writes bca_bfi.json here
suppressPackageStartupMessages({library(boot); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript bca_bfi.R path/to/bfi.csv")
bfi <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
x <- na.omit(transform(bfi[paste0("A", 1:5)], A1 = 7 - A1))[1:150, ]

alpha <- function(V) { k <- ncol(V); k / (k - 1) * (1 - sum(diag(V)) / sum(V)) }
omega_fitted <- function(V) {
  f <- factanal(covmat = V, factors = 1, rotation = "none", control = list(nstart = 10))
  s <- sqrt(diag(V)); c <- sum(s * f$loadings[, 1])^2
  c / (c + sum(f$uniquenesses * s^2))
}
jackknife <- function(f) {
  n <- nrow(x); all <- f(cov(x))
  (n - 1) * (all - sapply(seq_len(n), function(i) f(cov(x[-i, ]))))
}
one <- function(f) {
  set.seed(20240607)
  b <- boot(x, function(d, i) f(cov(d[i, ])), R = 999)
  L <- jackknife(f)
  ci <- function(level) boot.ci(b, conf = level, type = c("perc", "bca"), L = L)
  ends <- function(m) list(low = m[4], high = m[5])
  c9 <- ci(.90); c95 <- ci(.95)
  list(t0 = b$t0, t = I(as.numeric(b$t)), L = I(as.numeric(L)),
       percentile_90 = ends(c9$percent), bca_90 = ends(c9$bca),
       percentile_95 = ends(c95$percent), bca_95 = ends(c95$bca))
}
out <- list(oracle = "bca_bfi", packages = I(c(R.version.string, paste("boot", packageVersion("boot")))),
            r_call = I("boot::boot.ci(b, conf, type = c(\"perc\", \"bca\"), L = L)"),
            data = list(file = basename(args[1]), sha256 = sha, rows_used = nrow(x)), seed = 20240607,
            note = I(c("L: jackknife values (n - 1)(all - without the row), given to boot.ci",
                       "t: the 999 bootstrap values; boot.ci interpolates on the normal scale")),
            result = list(alpha = one(alpha), omega_fitted = one(omega_fitted)))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null"), "bca_bfi.json")
