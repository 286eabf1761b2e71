# Full-information maximum likelihood of rows with missing answers, as lavaan
# does it, with its optimiser and its EM algorithm driven to the end (its
# defaults stop earlier than 1e-6): plain and robust, observed and expected
# information, rows in clusters, two groups (configural and equal loadings),
# exogenous variables (one of which a pupil lacks).
#
# Clusters are made up: pupil i (from 1) is in cluster floor(sqrt(3 i)).
#
#   Rscript sem_fiml.R path/to/hs1939_missing.csv path/to/bfi.csv   writes sem_fiml.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript sem_fiml.R path/to/hs1939_missing.csv path/to/bfi.csv")
sha <- function(file) sub(" .*", "", system2("sha256sum", shQuote(file), stdout = TRUE))
hs <- read.csv(args[1])
bfi <- read.csv(args[2])
hs$uneven <- floor(sqrt(3 * seq_len(nrow(hs))))

factors <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
regressions <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
visual ~ ageyr + sex
textual ~ visual + grade"
big_five <- paste(sapply(c("A", "C", "E", "N", "O"), function(s) paste(s, "=~", paste0(s, 1:5, collapse = " + "))),
                  collapse = "\n")

messages <- character()
# lavaan's optimiser stops at gradients of about 1e-6: from there Newton's steps
# with lavaan's own gradient and information, within its equality constraints
fit <- function(model, data, f = cfa, ...) {
  again <- function(...) f(model, data, missing = "fiml", fixed.x = TRUE, em.h1.iter.max = 20000,
                         em.h1.tol = 1e-13, ...)
  polish <- function() {
    found <- again(...)
    for (step in 1:8) {
      gradient <- lavTech(found, "gradient")
      ties <- found@Model@ceq.JAC
      K <- if (nrow(ties)) MASS::Null(t(ties)) else diag(length(gradient))
      slope <- crossprod(K, gradient)
      if (max(abs(slope)) < 1e-13) break
      p <- parTable(found)
      move <- K %*% solve(crossprod(K, lavTech(found, "information.observed") %*% K), slope)
      p$est[p$free > 0] <- p$est[p$free > 0] - move[p$free[p$free > 0]]
      found <- again(start = p, optim.method = "none", ...)
    }
    stopifnot(max(abs(slope)) < 1e-13)
    found
  }
  withCallingHandlers(polish(), warning = function(w) {
    if (grepl("deleted", conditionMessage(w))) messages <<- unique(c(messages, conditionMessage(w)))
    invokeRestart("muffleWarning") })
}
table_of <- function(fit) {
  p <- parameterEstimates(fit, remove.system.eq = TRUE)
  p <- p[p$op %in% c("=~", "~~", "~1", "~"), ]
  if (is.null(p$group)) p$group <- 1
  list(param = paste0(p$lhs, p$op, p$rhs), group = p$group, est = p$est, se = p$se)
}
all_of <- function(fit) {
  list(npar = lavInspect(fit, "npar"), n_obs = lavInspect(fit, "ntotal"), estimates = table_of(fit),
       fit_measures = as.list(fitMeasures(fit)))
}
moments <- function(fit) {
  found <- lavInspect(fit, "sampstat")
  list(mean = as.numeric(found$mean), cov = unclass(found$cov))
}

plain <- fit(factors, hs, std.lv = TRUE)
result <- list(
  plain = c(all_of(plain), list(saturated = moments(plain))),
  expected = all_of(fit(factors, hs, std.lv = TRUE, information = "expected")),
  mlr = all_of(fit(factors, hs, std.lv = TRUE, estimator = "MLR")),
  clusters = all_of(fit(factors, hs, std.lv = TRUE, estimator = "MLR", cluster = "uneven")),
  groups = all_of(fit(factors, hs, std.lv = TRUE, estimator = "MLR", group = "school")),
  groups_clusters = all_of(fit(factors, hs, std.lv = TRUE, estimator = "MLR", group = "school", cluster = "uneven")),
  groups_loadings = all_of(fit(factors, hs, std.lv = FALSE, estimator = "MLR", group = "school",
                               group.equal = "loadings")),
  exogenous = all_of(fit(regressions, hs, sem, estimator = "MLR")),
  bfi = all_of(fit(big_five, bfi, std.lv = TRUE)),
  bfi_mlr = all_of(fit(big_five, bfi, std.lv = TRUE, estimator = "MLR")))

out <- list(
  oracle = "sem_fiml",
  packages = I(c(R.version.string, paste("lavaan", packageVersion("lavaan")))),
  r_call = I(c('lavaan::cfa(model, data, missing = "fiml", estimator = "ML"|"MLR", information =, cluster =, group =)',
               'lavaan::cfa(em.h1.iter.max = 20000, em.h1.tol = 1e-13, start =, optim.method = "none")')),
  data = list(list(file = basename(args[1]), sha256 = sha(args[1]), rows = nrow(hs)),
              list(file = basename(args[2]), sha256 = sha(args[2]), rows = nrow(bfi))),
  seed = NULL,
  note = I(c(messages, "groups in the order of the data: Pasteur, Grant-White")),
  result = result)
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null", matrix = "rowmajor"),
           "sem_fiml.json")
