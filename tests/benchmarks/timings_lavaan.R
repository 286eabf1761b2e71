# Times lavaan on one core, fit measures included: each call once to warm up, then `rounds` times. Prints seconds as JSON.
#   Rscript timings_lavaan.R path/to/bfi.csv rounds path/to/hs1939.csv path/to/hs1939_missing.csv
Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
args <- commandArgs(trailingOnly = TRUE)
rounds <- as.integer(args[2])
everyone <- read.csv(args[1])[1:25]
bfi <- na.omit(everyone)
hs <- read.csv(args[3])
holes <- read.csv(args[4])

three <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
five <- paste(sapply(c("A", "C", "E", "N", "O"), function(f) paste(f, "=~", paste0(f, 1:5, collapse = " + "))), collapse = "\n")
measured <- function(...) fitMeasures(cfa(...))
ladder <- list("", "loadings", c("loadings", "intercepts"), c("loadings", "intercepts", "residuals"))

calls <- list(
  hs_ml = function() measured(three, hs),
  bfi_ml = function() measured(five, bfi, std.lv = TRUE),
  bfi_wlsmv = function() measured(five, bfi, std.lv = TRUE, ordered = names(bfi), estimator = "WLSMV"),
  hs_ladder = function() for (equal in ladder) measured(three, hs, group = "school", group.equal = equal),
  hs_fiml = function() measured(three, holes, std.lv = TRUE, missing = "fiml"),
  bfi_fiml = function() measured(five, everyone, std.lv = TRUE, missing = "fiml"),
  hs_hundred_draws = function() cfa(three, hs, se = "bootstrap", bootstrap = 100))

seconds <- lapply(calls, function(call) {
  silent <- function() suppressMessages(suppressWarnings(capture.output(call())))
  silent()
  vapply(seq_len(rounds), function(i) system.time(silent())[["elapsed"]], 0)
})
versions <- c(R.version.string, paste("lavaan", packageVersion("lavaan")))
cat(toJSON(list(versions = versions, seconds = seconds), digits = NA), "\n")
