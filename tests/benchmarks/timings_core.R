# Times one of R's calls on one core: once to warm up, then at least `rounds` times and `seconds` long. Prints processor
# times as JSON.
#   Rscript timings_core.R call rounds seconds path/to/bfi.csv
Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
options(mc.cores = 1)
suppressPackageStartupMessages({library(psych); library(lavaan); library(jsonlite)})
args <- commandArgs(trailingOnly = TRUE)
rounds <- as.integer(args[2])
bfi <- na.omit(read.csv(args[4])[1:25])
agree <- transform(bfi[1:5], A1 = 7 - A1)

calls <- list(
  lavCor         = function() lavCor(bfi, ordered = names(bfi)),
  fa.parallel    = function() fa.parallel(bfi, fm = "minres", fa = "both", n.iter = 100, plot = FALSE),
  fa             = function() fa(bfi, nfactors = 5, fm = "minres", rotate = "oblimin"),
  alpha          = function() alpha(agree, n.iter = 1000))

pdf(NULL)
silent <- function() suppressMessages(suppressWarnings(capture.output(calls[[args[1]]]())))
timed <- function() sum(system.time(silent())[c("user.self", "sys.self")])
invisible(silent())
first <- timed()
rounds <- max(rounds, ceiling(as.numeric(args[3]) / max(first, 1e-3)))
seconds <- c(first, vapply(seq_len(rounds - 1), function(i) timed(), 0))
versions <- c(R.version.string, vapply(c("psych", "lavaan"), function(p) paste(p, packageVersion(p)), ""))
cat(toJSON(list(versions = unname(versions), seconds = seconds), digits = NA), "\n")
