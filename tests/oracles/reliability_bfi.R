# Reliability of the five BFI scales: alpha, standardised alpha, Guttman's
# lambda 2 and lambda 6, mean correlation between items, intervals for alpha,
# standard error of measurement, and item statistics. Each scale twice: with the
# people who answered all its items (listwise) and with pairwise covariances.
# The formulas are written out and compared with psych::alpha.
#
#   Rscript reliability_bfi.R path/to/bfi.csv   writes reliability_bfi.json here
suppressPackageStartupMessages({library(psych); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript reliability_bfi.R path/to/bfi.csv")
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

coefficients <- function(V) {
  k <- ncol(V)
  R <- cov2cor(V)
  alpha   <- function(M) k / (k - 1) * (1 - sum(diag(M)) / sum(M))
  lambda2 <- function(M) {
    off <- M - diag(diag(M))
    1 - sum(diag(M)) / sum(M) + sqrt(k / (k - 1) * sum(off^2)) / sum(M)
  }
  smc <- 1 - 1 / diag(solve(R))
  list(alpha = alpha(V), alpha_std = alpha(R),
       lambda2_cov = lambda2(V), lambda2_cor = lambda2(R),
       lambda6_cor = 1 - sum(1 - smc) / sum(R),
       lambda6_cov = 1 - sum((1 - smc) * diag(V)) / sum(V),
       mean_r = mean(R[lower.tri(R)]), median_r = median(R[lower.tri(R)]))
}

# Feldt's interval, and the standard error of Duhachek & Iacobucci (normal theory)
feldt <- function(a, n, k, level) {
  ci <- psych::alpha.ci(a, n.obs = n, n.var = k, p.val = 1 - level)
  p <- (1 + c(level, -level)) / 2
  own <- 1 - (1 - a) * qf(p, n - 1, (n - 1) * (k - 1))
  stopifnot(all.equal(own, c(ci$lower.ci, ci$upper.ci), tolerance = 1e-12))
  list(lower = own[1], upper = own[2])
}
intervals <- function(V, n) {
  k <- ncol(V)
  a <- coefficients(V)$alpha
  s <- sum(V); t <- sum(diag(V)); V2 <- V %*% V
  Q <- 2 * k^2 / ((k - 1)^2 * s^3) * (s * (sum(diag(V2)) + t^2) - 2 * t * sum(V2))
  ase <- sqrt(Q / n)
  list(n = n, feldt_95 = feldt(a, n, k, .95), feldt_90 = feldt(a, n, k, .90), ase = ase,
       normal_95 = list(lower = a - qnorm(.975) * ase, upper = a + qnorm(.975) * ase))
}

# psych::alpha's item statistics, compared with the formulas behind them
item_statistics <- function(x, p, V) {
  R <- cov2cor(V)
  RC <- R; diag(RC) <- 1 - 1 / diag(solve(R))
  total <- rowMeans(x, na.rm = TRUE)
  j <- seq_len(ncol(x))
  own <- data.frame(raw.r  = drop(cor(x, total, use = "pairwise")),
                    r.cor  = colSums(RC) / sqrt(sum(RC)),
                    r.drop = sapply(j, function(i) sum(V[-i, i]) / sqrt(V[i, i] * sum(V[-i, -i]))))
  stopifnot(all.equal(own, p$item.stats[names(own)], tolerance = 1e-10))
  # What r.drop is with missing answers if it is not taken from the covariances
  rest <- sapply(j, function(i) cor(x[[i]], rowMeans(x[-i], na.rm = TRUE), use = "pairwise"))
  list(item = names(x), n = p$item.stats$n, mean = p$item.stats$mean, sd = p$item.stats$sd,
       raw.r = p$item.stats$raw.r, std.r = p$item.stats$std.r, r.cor = p$item.stats$r.cor,
       r.drop = p$item.stats$r.drop, r_rest_scores = rest,
       drop_raw_alpha = p$alpha.drop$raw_alpha, drop_std_alpha = p$alpha.drop$std.alpha)
}

both <- function(key) {
  x <- reverse(bfi, key)
  complete <- na.omit(x)
  run <- function(data) {
    V <- cov(data, use = "pairwise")
    p <- psych::alpha(data)
    co <- coefficients(V)
    stopifnot(all.equal(unlist(p$total[c("raw_alpha", "std.alpha", "G6(smc)", "average_r", "median_r", "ase")]),
                        c(co$alpha, co$alpha_std, co$lambda6_cor, co$mean_r, co$median_r,
                          intervals(V, nrow(data))$ase), check.attributes = FALSE, tolerance = 1e-12))
    list(V = V, p = p, co = co)
  }
  l <- run(complete)
  w <- run(x)
  sdl <- sd(rowMeans(complete))
  list(
    items = key,
    listwise = c(list(n_used = nrow(complete)), l$co,
                 list(intervals = list(n_complete = intervals(l$V, nrow(complete))),
                      scale_mean = mean(rowMeans(complete)), scale_sd = sdl,
                      sem = sdl * sqrt(1 - l$co$alpha),
                      items = item_statistics(complete, l$p, l$V))),
    pairwise = c(list(n_rows = nrow(x), n_any_answer = sum(rowSums(!is.na(x)) > 0),
                      n_complete = nrow(complete), n_pair_min = min(crossprod(!is.na(as.matrix(x))))), w$co,
                 list(intervals = list(n_rows = intervals(w$V, nrow(x)),
                                       n_complete = intervals(w$V, nrow(complete))),
                      items = item_statistics(x, w$p, w$V))))
}

out <- list(
  oracle = "reliability_bfi",
  packages = I(c(R.version.string, paste("psych", packageVersion("psych")))),
  r_call = I(c("psych::alpha(items)", "psych::alpha.ci(alpha, n.obs, n.var, p.val)",
               "cov(items, use = \"pairwise\"), cov2cor, solve, qf, qnorm")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi)),
  seed = NULL,
  note = I(c("items reversed as 7 - x beforehand; covariances have n - 1",
             "psych::alpha takes n = all rows for ase and Feldt under pairwise deletion: intervals n_rows",
             "sem = sd of the scale mean (n - 1) * sqrt(1 - alpha), on the listwise rows",
             "ase and normal_95 are on the raw alpha; normal_95 uses qnorm(.975)",
             paste("raw.r: correlation of the item with the mean of the answered items (all of them, pairwise);",
                   "std.r, r.cor and r.drop come from the covariance or correlation matrix; r_rest_scores is",
                   "the correlation of the item with the mean of the other answered items, not from psych"))),
  result = lapply(keys, both))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"),
           "reliability_bfi.json")
