# Five factors of 25 personality items (raw, complete rows), with rows in
# clusters, and estimates more exact than lavaan's search leaves them: Newton's
# steps with lavaan's own gradient and Hessian, until the gradient is below 1e-12.
#
# Clusters are made up: complete row i (from 1) is in cluster i mod 307.
#
#   Rscript sem_continuous_bfi.R path/to/bfi.csv   writes sem_continuous_bfi.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript sem_continuous_bfi.R path/to/bfi.csv")
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
bfi <- na.omit(read.csv(args[1])[1:25])
bfi$cluster <- seq_len(nrow(bfi)) %% 307
model <- paste(sapply(c("A", "C", "E", "N", "O"), function(k) paste(k, "=~", paste0(k, 1:5, collapse = " + "))), collapse = "\n")

fit <- cfa(model, bfi, std.lv = TRUE)
p <- parTable(fit)
repeat {
  f <- lavaan(p, bfi, do.fit = FALSE)
  g <- lavInspect(f, "gradient")
  if (max(abs(g)) < 1e-12) break
  p$est[p$free > 0] <- p$est[p$free > 0] - solve(lavInspect(f, "hessian"), g)
  p$start <- p$ustart <- p$est
}
q <- p[p$free > 0, ]
clustered <- cfa(model, bfi, std.lv = TRUE, cluster = "cluster", estimator = "MLR")
e <- parameterEstimates(clustered)

out <- list(
  oracle = "sem_continuous_bfi",
  packages = c(R.version.string, paste("lavaan", packageVersion("lavaan"))),
  r_call = c("lavaan::cfa(model, bfi, std.lv = TRUE)",
             "lavaan::cfa(model, bfi, std.lv = TRUE, cluster = \"cluster\", estimator = \"MLR\")"),
  data = list(file = "bfi.csv", sha256 = sha, rows = nrow(bfi), cluster = "i mod 307, i from 1 over complete rows"),
  seed = NULL, model = model,
  result = list(
    polished = list(param = paste0(q$lhs, q$op, q$rhs), est = q$est),
    clustered = list(estimates = list(param = paste0(e$lhs, e$op, e$rhs), est = e$est, se = e$se),
                     fit_measures = as.list(unclass(fitMeasures(clustered))))))
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null", pretty = TRUE), "sem_continuous_bfi.json")
