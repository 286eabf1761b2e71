# Structural equation models of continuous, complete variables, as lavaan fits
# them where the shared oracles have no answer: rows in clusters (with and
# without groups), the Wishart likelihood, unweighted least squares with equal
# residual variances and with means, the difference test of Satorra (2000),
# observed and first-order information, and standard errors of standardised
# solutions. Holzinger & Swineford's 301 pupils.
#
# lavaan stops where its gradient is about 1e-6, at which estimates are good to
# about 1e-5 only. "polished" are its estimates after Newton's steps with its own
# gradient and Hessian, until the gradient is below 1e-12.
#
# Clusters are made up. "uneven": pupil i (from 1) is in cluster
# floor(sqrt(3 i)); "pairs": pupils 2i - 1 and 2i; in "nested" pupils of two
# schools are never in one cluster: school and floor(i / 5).
#
#   Rscript sem_continuous_hs.R path/to/hs1939.csv   writes sem_continuous_hs.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript sem_continuous_hs.R path/to/hs1939.csv")
hs <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
i <- seq_len(nrow(hs))
hs$uneven <- floor(sqrt(3 * i))
hs$pairs <- (i + 1) %/% 2
hs$nested <- paste(hs$school, i %/% 5)

factors <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
one <- "g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9"
equal <- "visual =~ x1 + x2 + x3
x1 ~~ e*x1
x2 ~~ e*x2
x3 ~~ e*x3"
level <- paste0(equal, "\nx1 ~ a*1\nx2 ~ a*1")

table_of <- function(fit) {
  p <- parameterEstimates(fit, standardized = TRUE, remove.system.eq = TRUE)
  p <- p[p$op %in% c("=~", "~~", "~1", "~"), ]
  s <- standardizedSolution(fit, type = "std.all")
  s <- s[s$op %in% c("=~", "~~", "~1", "~"), ]
  l <- standardizedSolution(fit, type = "std.lv")
  l <- l[l$op %in% c("=~", "~~", "~1", "~"), ]
  g <- if (is.null(p$group)) 1 else p$group
  list(param = paste0(p$lhs, p$op, p$rhs, ifelse(g > 1, paste0("|g", g), "")), est = p$est, se = p$se,
       std_lv = l$est.std, std_lv_se = l$se, std_all = s$est.std, std_all_se = s$se)
}
summary_of <- function(fit) list(estimates = table_of(fit), fit_measures = as.list(unclass(fitMeasures(fit))))
clustered <- function(cluster, ...) summary_of(cfa(factors, hs, estimator = "MLR", cluster = cluster, ...))
difference <- function(more, less, ...) {
  d <- lavTestLRT(more, less, ...)
  list(chisq = d[2, "Chisq diff"], df = d[2, "Df diff"], pvalue = d[2, "Pr(>Chisq)"])
}
mlm3 <- cfa(factors, hs, estimator = "MLM"); mlm1 <- cfa(one, hs, estimator = "MLM")
mlr3 <- cfa(factors, hs, estimator = "MLR"); mlr1 <- cfa(one, hs, estimator = "MLR")
two <- function(...) cfa(factors, hs, group = "school", ...)
wide <- two(estimator = "MLM"); narrow <- two(estimator = "MLM", group.equal = "loadings")

polished <- function(fit, ...) {
  p <- parTable(fit)
  repeat {
    f <- lavaan(p, hs, do.fit = FALSE, ...)
    g <- lavInspect(f, "gradient")
    if (max(abs(g)) < 1e-12) break
    p$est[p$free > 0] <- p$est[p$free > 0] - solve(lavInspect(f, "hessian"), g)
    p$start <- p$ustart <- p$est
  }
  p <- p[p$free > 0, ]
  list(param = paste0(p$lhs, p$op, p$rhs, ifelse(p$group > 1, paste0("|g", p$group), "")), est = p$est)
}

result <- list(
  uneven = clustered("uneven"),
  pairs = clustered("pairs"),
  uneven_means = clustered("uneven", meanstructure = TRUE),
  nested_configural = clustered("nested", group = "school"),
  nested_metric = clustered("nested", group = "school", group.equal = "loadings"),
  wishart = summary_of(cfa(factors, hs, likelihood = "wishart")),
  uls_equal = summary_of(cfa(equal, hs, estimator = "ULS")),
  uls_level = summary_of(cfa(level, hs, estimator = "ULS")),
  ml_level = summary_of(cfa(level, hs)),
  mlr_means = summary_of(cfa(factors, hs, estimator = "MLR", meanstructure = TRUE)),
  observed = summary_of(cfa(factors, hs, information = "observed")),
  first_order = summary_of(cfa(factors, hs, information = "first.order")),
  metric = summary_of(two(group.equal = "loadings")),
  mlm = summary_of(mlm3),
  mlm_metric = summary_of(narrow),
  scaled_shifted = summary_of(cfa(factors, hs, test = "scaled.shifted")),
  polished = list(
    marker = polished(cfa(factors, hs)),
    std.lv = polished(cfa(factors, hs, std.lv = TRUE)),
    one_factor = polished(cfa(one, hs)),
    second_order = polished(cfa(paste0(factors, "\ng =~ visual + textual + speed"), hs)),
    configural = polished(two(), group = "school")),
  differences = list(
    mlm_2001 = difference(mlm3, mlm1, method = "satorra.bentler.2001"),
    mlr_2001 = difference(mlr3, mlr1, method = "satorra.bentler.2001"),
    mlm_2000 = difference(mlm3, mlm1, method = "satorra.2000", A.method = "delta"),
    mlm_2000_scaled = difference(mlm3, mlm1, method = "satorra.2000", A.method = "delta", scaled.shifted = FALSE),
    metric_2000 = difference(wide, narrow, method = "satorra.2000", A.method = "delta"),
    metric_2000_scaled = difference(wide, narrow, method = "satorra.2000", A.method = "delta", scaled.shifted = FALSE)))

out <- list(
  oracle = "sem_continuous_hs",
  packages = c(R.version.string, paste("lavaan", packageVersion("lavaan"))),
  r_call = c("lavaan::cfa(model, hs, estimator = \"MLR\", cluster = \"uneven\"), and as the blocks are named",
             "lavaan::lavTestLRT(more, less, method = \"satorra.2000\", A.method = \"delta\", scaled.shifted = TRUE)",
             "lavaan::standardizedSolution(fit, type = \"std.all\")"),
  data = list(file = "hs1939.csv", sha256 = sha, rows = nrow(hs),
              uneven = "floor(sqrt(3 i)), i from 1", pairs = "floor((i + 1) / 2)", nested = "school and floor(i / 5)"),
  seed = NULL, models = list(factors = factors, one = one, equal = equal, level = level), result = result)
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null", pretty = TRUE), "sem_continuous_hs.json")
