# Times one of lavaan's calls on one core, fit measures included: once to warm up, then at least `rounds` times and
# `seconds` long. Prints processor times as JSON.
#   Rscript timings_lavaan.R call rounds seconds path/to/bfi.csv path/to/hs1939.csv path/to/hs1939_missing.csv
Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
args <- commandArgs(trailingOnly = TRUE)
rounds <- as.integer(args[2])
everyone <- read.csv(args[4])[1:25]
bfi <- na.omit(everyone)
hs <- read.csv(args[5])
holes <- read.csv(args[6])

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

silent <- function() suppressMessages(suppressWarnings(capture.output(calls[[args[1]]]())))
timed <- function() sum(system.time(silent())[c("user.self", "sys.self")])
invisible(silent())
first <- timed()
rounds <- max(rounds, ceiling(as.numeric(args[3]) / max(first, 1e-3)))
seconds <- c(first, vapply(seq_len(rounds - 1), function(i) timed(), 0))
versions <- c(R.version.string, paste("lavaan", packageVersion("lavaan")))
cat(toJSON(list(versions = versions, seconds = seconds), digits = NA), "\n")
