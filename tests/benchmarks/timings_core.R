# Times R on one core: each call once to warm up, then `rounds` times. Prints seconds as JSON.
#   Rscript timings.R path/to/bfi.csv rounds
Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
options(mc.cores = 1)
suppressPackageStartupMessages({library(psych); library(lavaan); library(jsonlite)})
args <- commandArgs(trailingOnly = TRUE)
rounds <- as.integer(args[2])
bfi <- na.omit(read.csv(args[1])[1:25])
agree <- transform(bfi[1:5], A1 = 7 - A1)

calls <- list(
  lavCor         = function() lavCor(bfi, ordered = names(bfi)),
  fa.parallel    = function() fa.parallel(bfi, fm = "minres", fa = "both", n.iter = 100, plot = FALSE),
  fa             = function() fa(bfi, nfactors = 5, fm = "minres", rotate = "oblimin"),
  alpha          = function() alpha(agree, n.iter = 1000))

pdf(NULL)
seconds <- lapply(calls, function(call) {
  silent <- function() suppressMessages(suppressWarnings(capture.output(call())))
  silent()
  vapply(seq_len(rounds), function(i) system.time(silent())[["elapsed"]], 0)
})
versions <- c(R.version.string, vapply(c("psych", "lavaan"), function(p) paste(p, packageVersion(p)), ""))
cat(toJSON(list(versions = unname(versions), seconds = seconds), digits = NA), "\n")
