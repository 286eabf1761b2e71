# Descriptive statistics of the 25 BFI items (as answered, not reversed) and of
# the five scale means, with psych's three definitions of skew and kurtosis.
# A scale mean is the mean of the answered items after reversing (7 - x), for
# people who answered at least 3 of the 5 items; otherwise it is missing.
#
#   Rscript describe_bfi.R path/to/bfi.csv      writes describe_bfi.json here
suppressPackageStartupMessages({library(psych); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript describe_bfi.R path/to/bfi.csv")
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

score <- function(key) {
  x <- reverse(bfi, key)
  ifelse(rowSums(!is.na(x)) >= 3, rowMeans(x, na.rm = TRUE), NA)
}
items  <- bfi[unlist(lapply(keys, names_of), use.names = FALSE)]
scales <- as.data.frame(lapply(keys, score))

# One variable at a time: given a table, psych 2.2.9 computes the type 1
# kurtosis with the number of rows instead of the number of answers.
one <- function(x) {
  d <- psych::describe(x, type = 3)
  list(n = d$n, n_missing = sum(is.na(x)), mean = d$mean, sd = d$sd,
       min = d$min, max = d$max,
       skew = d$skew, kurtosis = d$kurtosis,
       skew_type1 = psych::skew(x, type = 1), kurtosis_type1 = psych::kurtosi(x, type = 1),
       skew_type2 = psych::skew(x, type = 2), kurtosis_type2 = psych::kurtosi(x, type = 2))
}

# The three types written out, to be sure what the numbers are.
check <- function(x) {
  x <- x[!is.na(x)]; n <- length(x); d <- x - mean(x)
  g1 <- mean(d^3) / mean(d^2)^1.5
  g2 <- mean(d^4) / mean(d^2)^2 - 3
  list(skew = g1 * ((n - 1) / n)^1.5, kurtosis = (g2 + 3) * ((n - 1) / n)^2 - 3,
       skew_type1 = g1, kurtosis_type1 = g2,
       skew_type2 = g1 * sqrt(n * (n - 1)) / (n - 2),
       kurtosis_type2 = ((n + 1) * g2 + 6) * (n - 1) / ((n - 2) * (n - 3)))
}
for (x in c(items, scales)) {
  e <- check(x)
  stopifnot(isTRUE(all.equal(one(x)[names(e)], e, tolerance = 1e-12)))
}

table_type1 <- psych::describe(items, type = 1)
out <- list(
  oracle = "describe_bfi",
  packages = I(c(R.version.string, paste("psych", packageVersion("psych")))),
  r_call = I(c("psych::describe(x, type = 3)", "psych::skew(x, type = 1 or 2)",
               "psych::kurtosi(x, type = 1 or 2)")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi)),
  seed = NULL,
  note = I(c("skew and kurtosis are type 3; kurtosis is excess kurtosis; sd has n - 1",
             paste("type 1: g = m3/m2^1.5 and m4/m2^2 - 3 (moments over n); type 2: the bias-adjusted",
                   "values of SAS and SPSS; type 3: type 1 with the n - 1 standard deviation"),
             paste("items_kurtosis_type1_from_table repeats a quirk of psych 2.2.9: given a data frame with",
                   "missing answers it multiplies by the number of rows, not of answers; do not match it"))),
  result = list(items = lapply(items, one), scales = lapply(scales, one),
                items_kurtosis_type1_from_table = as.list(setNames(table_type1$kurtosis, names(items)))))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"),
           "describe_bfi.json")
