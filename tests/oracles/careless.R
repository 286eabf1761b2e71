# Indices of careless answers in base R, from their published definitions:
# longest and average run (Johnson 2005, doi:10.1016/j.jrp.2004.09.009), intra-individual
# variability (Dunn et al. 2018, doi:10.1007/s10869-016-9479-0), Mahalanobis distance with
# missing answers as the mean (as psych::outlier) and over the answers given (Little & Smith
# 1987, JASA 82, 58-68), even-odd consistency (Johnson 2005; turned so that high is
# careless), psychometric synonyms and antonyms (Meade & Craig 2012, doi:10.1037/a0028085).
# The 25 BFI items, first 300 rows, as answered (with missing answers) and its complete rows.
#
#   Rscript careless.R path/to/bfi.csv   writes careless.json here
suppressPackageStartupMessages({library(psych); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript careless.R path/to/bfi.csv")
bfi <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
items <- paste0(rep(c("A", "C", "E", "N", "O"), each = 5), 1:5)
reversed <- c("A1", "C4", "C5", "E1", "E2", "O2", "O5")
raw <- bfi[1:300, items]

longest <- function(v) { v <- v[!is.na(v)]; if (length(v)) max(rle(v)$lengths) else NA }
average <- function(v) { v <- v[!is.na(v)]; if (length(v)) mean(rle(v)$lengths) else NA }
sectioned <- function(v, starts) {
  ends <- c(starts[-1] - 1, length(v))
  max(mapply(function(a, b) longest(v[a:b]), starts, ends), na.rm = TRUE)
}
variability <- function(v) sd(v, na.rm = TRUE)

observed <- function(X) {
  S <- cov(X, use = "pairwise"); m <- colMeans(X, na.rm = TRUE)
  t(apply(X, 1, function(v) {
    h <- !is.na(v)
    if (!any(h)) return(c(NA, NA, NA))
    d <- (v - m)[h]
    D <- drop(d %*% solve(S[h, h, drop = FALSE], d))
    c(D, sum(h), pchisq(D, sum(h), lower.tail = FALSE))
  }))
}
zero <- function(X) as.numeric(psych::outlier(X, plot = FALSE, bad = 0))

evenodd <- function(X, lengths, fewest) {
  ends <- cumsum(lengths); starts <- ends - lengths + 1
  apply(X, 1, function(v) {
    halves <- t(mapply(function(a, b) {
      s <- v[a:b]; p <- seq_along(s)
      c(mean(s[p %% 2 == 0], na.rm = TRUE), mean(s[p %% 2 == 1], na.rm = TRUE))
    }, starts, ends))
    both <- complete.cases(halves)
    if (sum(both) < fewest) return(NA)
    r <- suppressWarnings(cor(halves[both, 1], halves[both, 2]))
    if (is.na(r)) return(NA)
    -max(2 * r / (1 + r), -1)
  })
}
over_pairs <- function(X, critical) {
  R <- cor(X, use = "pairwise"); R[upper.tri(R, diag = TRUE)] <- NA
  pairs <- which(if (critical > 0) R > critical else R < critical, arr.ind = TRUE)
  r <- apply(X, 1, function(v) {
    a <- v[pairs[, 1]]; b <- v[pairs[, 2]]; h <- !is.na(a) & !is.na(b)
    if (sum(h) < 3) return(NA)
    suppressWarnings(cor(a[h], b[h]))
  })
  list(n_pairs = nrow(pairs), r = unname(r))
}

case <- function(X) {
  X <- as.matrix(X); T <- X
  T[, reversed] <- 7 - T[, reversed]
  d <- observed(X)
  list(rows = as.integer(rownames(X)) - 1L,
       longest = unname(apply(X, 1, longest)), average = unname(apply(X, 1, average)),
       longest_in_sections = unname(apply(X, 1, sectioned, starts = c(1, 6, 11, 16, 21))),
       variability = unname(apply(X, 1, variability)),
       observed = list(squared = unname(d[, 1]), df = unname(d[, 2]), p = unname(d[, 3])),
       zero = zero(X), even_odd = unname(evenodd(T, rep(5, 5), 3)),
       synonyms = over_pairs(X, .45), antonyms = over_pairs(X, -.35))
}
rownames(raw) <- 1:300
result <- list(with_missing = case(raw), complete = case(raw[complete.cases(raw), ]))
out <- list(
  oracle = "careless",
  packages = I(c(R.version.string, paste("psych", packageVersion("psych")))),
  r_call = I(c("rle, sd, cor, cov, solve, pchisq (base R and stats)", "psych::outlier(X, plot = FALSE, bad = 0)")),
  data = list(file = basename(args[1]), sha256 = sha, rows = 300),
  seed = NULL,
  note = I(c("a missing answer is passed over by runs; sections begin at items 1, 6, 11, 16, 21",
             "even_odd: items reversed as 7 - x; at least three scales with both halves; high is careless",
             "pairs: r > .45 and r < -.35, at least three answered; no resampling")),
  result = result)
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null"), "careless.json")
