# Parallel analysis by simulation: means, standard deviations and 95th
# percentiles of the eigenvalues of random data, of components and of factors
# (reduced correlation matrix with the communalities of one minres factor).
# Written out, since psych::fa.parallel draws with replacement where permutation
# is asked for, and gives no quantiles of the factors it resamples.
#
#   Rscript parallel_analysis.R path/to/bfi.csv path/to/hs1939.csv   writes parallel_analysis.json here
suppressPackageStartupMessages({library(psych); library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript parallel_analysis.R path/to/bfi.csv path/to/hs1939.csv")
sha <- function(path) sub(" .*", "", system2("sha256sum", shQuote(path), stdout = TRUE))
bfi <- na.omit(read.csv(args[1])[1:25])
hs <- as.matrix(read.csv(args[2])[paste0("x", 1:9)])
agree <- as.matrix(bfi[1:300, 1:5])

# Holes by rule, counted from 1
i <- row(hs); j <- col(hs)
holes <- hs
holes[(7 * i + 13 * j + (i * i * j) %% 17) %% 5 == 0] <- NA
# Couples: neighbours in the order of the sums, one row left over
couple <- integer(nrow(hs))
couple[order(rowSums(hs), seq_len(nrow(hs)))] <- (seq_len(nrow(hs)) - 1) %/% 2

permute <- function(x) apply(x, 2, function(y) { held <- !is.na(y); y[held] <- sample(y[held]); y })
draw_normal <- function(x) { z <- matrix(rnorm(length(x)), nrow(x)); z[is.na(x)] <- NA; z }
# Whole couples, partners in random order; the couple with one row stays
permute_couples <- function(x) {
  pairs <- split(seq_len(nrow(x)), couple)
  pairs <- do.call(rbind, pairs[lengths(pairs) == 2])
  apply(x, 2, function(y) {
    from <- pairs[sample(nrow(pairs)), ]
    turned <- runif(nrow(from)) < .5
    from[turned, ] <- from[turned, 2:1]
    y[pairs] <- y[from]
    y
  })
}
# Normal answers cut at the thresholds of each item
cut_normal <- function(x) apply(x, 2, function(y) {
  cuts <- qnorm(cumsum(table(y)) / length(y))
  findInterval(rnorm(length(y)), cuts[-length(cuts)]) + 1
})
pearson <- function(x) cor(x, use = "pairwise")
polychoric <- function(x) {
  x <- as.data.frame(x)
  unclass(lavCor(x, ordered = names(x), estimator = "two.step"))
}
factors <- function(R) suppressWarnings(suppressMessages(
  psych::fa(R, nfactors = 1, fm = "minres", rotate = "none", warnings = FALSE)$values))

simulate <- function(x, draw, correlate, replications) {
  set.seed(20260101)
  both <- replicate(replications, {
    R <- matrix(as.numeric(correlate(draw(x))), ncol(x))
    cbind(eigen(R)$values, factors(R))
  })
  summed <- function(v) list(mean = rowMeans(v), sd = apply(v, 1, sd), quantile95 = apply(v, 1, quantile, .95, names = FALSE))
  list(replications = replications, components = summed(both[, 1, ]), factors = summed(both[, 2, ]))
}

out <- list(
  oracle = "parallel_analysis",
  packages = I(c(R.version.string, paste("psych", packageVersion("psych")), paste("lavaan", packageVersion("lavaan")))),
  r_call = I(c("eigen(cor(random, use = \"pairwise\"))$values",
               "psych::fa(R, nfactors = 1, fm = \"minres\")$values",
               "lavaan::lavCor(random, ordered =, estimator = \"two.step\")")),
  data = list(files = I(basename(args[1:2])), sha256 = I(c(sha(args[1]), sha(args[2])))),
  seed = 20260101,
  note = I(c("bfi: rows complete on the first 25 columns; hs: x1 to x9; agree: A1 to A5 of the first 300 of these rows of bfi",
             "hs_holes: cell (i, j) from 1 is missing if (7i + 13j + (i*i*j mod 17)) mod 5 == 0; holes stay in place",
             "hs_couples: rows ordered by their sum (then by place), every two neighbours a couple, the last row alone",
             "quantile95: R's type 7")),
  result = list(
    bfi_normal = simulate(as.matrix(bfi), draw_normal, pearson, 500),
    bfi_permutation = simulate(as.matrix(bfi), permute, pearson, 500),
    hs_normal = simulate(hs, draw_normal, pearson, 1000),
    hs_permutation = simulate(hs, permute, pearson, 1000),
    hs_holes_normal = simulate(holes, draw_normal, pearson, 1000),
    hs_holes_permutation = simulate(holes, permute, pearson, 1000),
    hs_couples_permutation = simulate(hs, permute_couples, pearson, 1000),
    agree_polychoric_permutation = simulate(agree, permute, polychoric, 300),
    agree_polychoric_normal = simulate(agree, cut_normal, polychoric, 300)))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "parallel_analysis.json")
