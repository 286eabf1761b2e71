# Rules for the number of factors that psych lacks, or gives only for complete
# data, from their published formulas: minimum average partial with powers 2 and
# 4 from zero components on (Velicer 1976; Velicer, Eaton & Fava 2000), and the
# reference eigenvalues of the empirical Kaiser criterion (Braeken & van Assen
# 2017, equation 2). With missing answers: pairwise correlations, and the
# harmonic mean of the pairs' rows as n.
#
#   Rscript retention_rules.R path/to/bfi.csv path/to/hs1939.csv   writes retention_rules.json here
suppressPackageStartupMessages({library(psych); library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript retention_rules.R path/to/bfi.csv path/to/hs1939.csv")
sha <- function(path) sub(" .*", "", system2("sha256sum", shQuote(path), stdout = TRUE))
bfi <- read.csv(args[1])[1:25]
hs <- read.csv(args[2])[paste0("x", 1:9)]

average_partials <- function(R, power) {
  k <- ncol(R); e <- eigen(R)
  sapply(0:(k - 1), function(m) {
    L <- e$vectors[, seq_len(m), drop = FALSE] %*% diag(sqrt(e$values[seq_len(m)]), m)
    P <- cov2cor(R - L %*% t(L))
    mean(abs(P[lower.tri(P)])^power)
  })
}
empirical_kaiser <- function(values, n) {
  k <- length(values)
  sapply(seq_len(k), function(j) max(1, (k - sum(values[seq_len(j - 1)])) / (k - j + 1) * (1 + sqrt(k / n))^2))
}
before_first <- function(exceeds) which(!c(exceeds, FALSE))[1] - 1
rules <- function(R, n) {
  values <- eigen(R)$values
  map2 <- average_partials(R, 2); map4 <- average_partials(R, 4)
  psych_map <- psych::vss(R, n = ncol(R) - 2, n.obs = n, plot = FALSE)$map
  stopifnot(all.equal(map2[1 + seq_along(psych_map)], psych_map, tolerance = 1e-10))
  references <- empirical_kaiser(values, n)
  kmo <- psych::KMO(R); bartlett <- psych::cortest.bartlett(R, n)
  list(n = n, eigenvalues = values, determinant = det(R), map2 = map2, map4 = map4,
       n_map2 = which.min(map2) - 1, n_map4 = which.min(map4) - 1,
       ekc = references, n_ekc = before_first(values > references), n_kaiser = sum(values > 1),
       kmo = kmo$MSA, kmo_items = unname(kmo$MSAi),
       chisq = bartlett$chisq, df = bartlett$df, log_p = pchisq(bartlett$chisq, bartlett$df, lower = FALSE, log = TRUE),
       factor_values = psych::fa(R, nfactors = 1, fm = "minres", warnings = FALSE)$values)
}
pairwise <- function(x) {
  held <- crossprod(!is.na(as.matrix(x)))
  n <- held[lower.tri(held)]
  rules(cor(x, use = "pairwise"), length(n) / sum(1 / n))
}
quiet <- function(expr) { sink(nullfile()); on.exit(sink()); suppressWarnings(suppressMessages(force(expr))) }
agree <- na.omit(bfi[1:5])
polychoric <- unclass(lavCor(agree, ordered = names(agree), estimator = "two.step"))
class(polychoric) <- NULL; attr(polychoric, "class") <- NULL

out <- list(
  oracle = "retention_rules",
  packages = I(c(R.version.string, paste("psych", packageVersion("psych")), paste("lavaan", packageVersion("lavaan")))),
  r_call = I(c("psych::KMO(R); psych::cortest.bartlett(R, n); psych::fa(R, nfactors = 1, fm = \"minres\")$values",
               "psych::vss(R)$map agrees with map2 from one component on",
               "lavaan::lavCor(agree, ordered = names(agree), estimator = \"two.step\")")),
  data = list(files = I(basename(args[1:2])), sha256 = I(c(sha(args[1]), sha(args[2])))),
  seed = NULL,
  note = I(c("bfi: the first 25 columns; listwise: rows complete on them; pairwise: all rows, cor(use = \"pairwise\")",
             "agree_polychoric: A1 to A5, rows complete on these", "hs: x1 to x9")),
  result = list(
    bfi_listwise = quiet(rules(cor(na.omit(bfi)), nrow(na.omit(bfi)))),
    bfi_pairwise = quiet(pairwise(bfi)),
    agree_polychoric = quiet(rules(polychoric, nrow(agree))),
    hs = quiet(rules(cor(hs), nrow(hs)))))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "retention_rules.json")
