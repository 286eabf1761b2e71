# Times lavaan on one core, fit measures included, on simulated answers to items of factors with five items each, after
# one call on few rows to warm up. Prints processor time in seconds.
#   Rscript timings_growth.R items rows share_of_missing_answers
Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
suppressPackageStartupMessages(library(lavaan))
args <- as.numeric(commandArgs(trailingOnly = TRUE))
k <- args[1]
set.seed(1)

answers <- function(n) {
  factors <- sqrt(0.3) * rnorm(n) + sqrt(0.7) * matrix(rnorm(n * k / 5), n)
  x <- 0.7 * factors[, rep(seq_len(k / 5), each = 5)] + sqrt(0.51) * rnorm(n * k)
  x[runif(n * k) < args[3]] <- NA
  setNames(as.data.frame(x), paste0("y", seq_len(k)))
}
lines <- sapply(seq_len(k / 5), function(f) paste0("f", f, " =~ ", paste0("y", 5 * f - 4:0, collapse = " + ")))
model <- paste(lines, collapse = "\n")
missing <- if (args[3] > 0) "fiml" else "listwise"
measured <- function(data) invisible(fitMeasures(cfa(model, data, missing = missing)))

measured(answers(500))
data <- answers(args[2])
cat(sum(system.time(measured(data))[c("user.self", "sys.self")]), "\n")
