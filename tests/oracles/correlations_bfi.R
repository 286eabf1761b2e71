# Pearson correlations between the five BFI scale means, with p and the 95%
# interval of Fisher's z, each pair on the people who have both means.
# A scale mean is the mean of the answered items after reversing (7 - x); it is
# missing only for people who answered none of the five.
#
#   Rscript correlations_bfi.R path/to/bfi.csv  writes correlations_bfi.json here
library(jsonlite)

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript correlations_bfi.R path/to/bfi.csv")
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

scales <- as.data.frame(lapply(keys, function(key) rowMeans(reverse(bfi, key), na.rm = TRUE)))
scales[sapply(scales, is.nan)] <- NA

pair <- function(ab) {
  x <- scales[[ab[1]]]; y <- scales[[ab[2]]]
  n <- sum(complete.cases(x, y))
  h <- cor.test(x, y, conf.level = .95)
  r <- unname(h$estimate)
  # the same written out
  t <- r * sqrt((n - 2) / (1 - r^2))
  z <- tanh(atanh(r) + c(-1, 1) * qnorm(.975) / sqrt(n - 3))
  stopifnot(all.equal(c(h$conf.int[1:2], h$statistic[[1]], h$p.value),
                      c(z, t, 2 * pt(-abs(t), n - 2)), tolerance = 1e-10))
  list(x = ab[1], y = ab[2], n = n, r = r, t = unname(h$statistic), df = unname(h$parameter),
       p = h$p.value, log10_p = (log(2) + pt(-abs(t), n - 2, log.p = TRUE)) / log(10),
       lower_95 = h$conf.int[1], upper_95 = h$conf.int[2])
}

out <- list(
  oracle = "correlations_bfi",
  packages = I(R.version.string),
  r_call = I("cor.test(x, y, method = \"pearson\", conf.level = .95)"),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi)),
  seed = NULL,
  note = I(c("p is two-sided from t with n - 2 degrees of freedom; log10_p is its decimal logarithm",
             "interval: tanh(atanh(r) -/+ qnorm(.975)/sqrt(n - 3))")),
  result = list(pairs = combn(names(scales), 2, pair, simplify = FALSE)))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"),
           "correlations_bfi.json")
