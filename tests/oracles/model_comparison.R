# Difference tests of nested models, as lavaan's lavTestLRT() makes them by its defaults (ML: plain; MLR: Satorra &
# Bentler 2001; WLSMV: Satorra 2000), and which of the models are nested, by semTools::net(). Holzinger & Swineford's 301
# pupils, and the first three scales of the 25 personality items, ordinal, complete rows. Ordinal models name their
# variables in one order: where they do not, lavaan sets derivatives of unlike moments side by side.
#
#   Rscript model_comparison.R path/to/hs1939.csv path/to/bfi.csv   writes model_comparison.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript model_comparison.R path/to/hs1939.csv path/to/bfi.csv")
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1:2]), stdout = TRUE))
hs <- read.csv(args[1])
bfi <- read.csv(args[2])

items <- paste0("x", 1:9)
hs_models <- list(
  one = paste("g =~", paste(items, collapse = " + ")),
  orthogonal = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9
visual ~~ 0*textual + 0*speed\ntextual ~~ 0*speed",
  second = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\ng =~ visual + textual + speed",
  three = "speed =~ x7 + x8 + x9\nvisual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6",
  other = "visual =~ x1 + x2 + x3 + x9\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9",
  two = "visual =~ x1 + x2 + x3\nrest =~ x4 + x5 + x6 + x7 + x8 + x9")
parts <- lapply(c("A", "C", "E"), function(scale) paste0(scale, 1:5))
bfi_models <- list(
  one = paste("g =~", paste(unlist(parts), collapse = " + ")),
  three = paste(c("A", "C", "E"), "=~", sapply(parts, paste, collapse = " + "), collapse = "\n"),
  cross = paste0(paste(c("A", "C", "E"), "=~", sapply(parts, paste, collapse = " + "), collapse = "\n"), "\nA =~ E5"))

fits <- function(models, data, ...) lapply(models, function(model) do.call("cfa", list(model = model, data = data, ...)))
step <- function(fits, more, less) {
  test <- lavTestLRT(fits[[more]], fits[[less]])
  list(more = more, less = less, chisq = test[2, "Chisq diff"], df = test[2, "Df diff"], pvalue = test[2, "Pr(>Chisq)"])
}
nested <- function(fits) { # row within column; net() sorts by df
  found <- do.call(semTools::net, unname(fits))@test
  dimnames(found) <- NULL
  found
}
steps <- list(c("one", "two"), c("orthogonal", "three"), c("second", "other"), c("two", "three"), c("three", "other"))
all_of <- function(fits, pairs) lapply(pairs, function(pair) step(fits, pair[1], pair[2]))

ml <- fits(hs_models, hs); mlr <- fits(hs_models, hs, estimator = "MLR")
wlsmv <- fits(bfi_models, bfi, ordered = unlist(parts), estimator = "WLSMV")
mean_ml <- fits(hs_models, hs, meanstructure = TRUE)
out <- list(
  oracle = "model_comparison",
  packages = c(R.version.string, paste("lavaan", packageVersion("lavaan")), paste("semTools", packageVersion("semTools"))),
  data_sha256 = sha, result = list(hs_models = hs_models, bfi_models = bfi_models,
  ml = all_of(ml, steps), mlr = all_of(mlr, steps),
  wlsmv = all_of(wlsmv, list(c("one", "three"), c("three", "cross"))),
  nested_names = names(mean_ml)[order(sapply(mean_ml, fitMeasures, "df"))], nested = nested(mean_ml)))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), "model_comparison.json")
