# Models under constraints, of Holzinger and Swineford's data: equal labels, linear and
# other equations, defined parameters. Maximum likelihood, expected information.
#
#   Rscript lavaan_constraints.R path/to/hs1939.csv   writes lavaan_constraints.json here
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript lavaan_constraints.R path/to/hs1939.csv")
hs <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))

M <- "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6\nspeed =~ x7 + x8 + x9\n"
G <- "visual =~ x1 + c(a1, a2)*x2 + c(b1, b2)*x3\ntextual =~ x4 + x5 + x6\n"
cases <- list(
  equal_labels = "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + x5 + x6\nx1 ~~ r*x1\nx2 ~~ r*x2\nx3 ~~ r*x3",
  equal_to_number = paste0(M, "a == 0.6"), sum = paste0(M, "a + b == 1.5\nratio := a/b"),
  linear_pair = paste0(M, "a - 2*b == c - 2*d\nc == 1.1\nd1 := a - b\nd2 := d1 + log(d)"),
  product = paste0(M, "a*b == 0.5\nab := a*b"), square = paste0(M, "a^2 == 1 + b*2"),
  exponential = paste0(M, "a == exp(-b)\nx2 ~~ v*x2\nb*v == v + 0.01"), of_definition = paste0(M, "ratio := c/d\nratio == 1.1"),
  linear_and_not = paste0(M, "a == b\nsqrt(c) + d^2 == 2.5"),
  groups = paste0(G, "a1 - a2 == 0.1\ngap := b1 - b2"), groups_product = paste0(G, "a1*b1 == a2*b2\nx1 ~~ c(v, v)*x1"))

run <- function(text) {
  fit <- cfa(text, hs, group = if (grepl("a1", text)) "school" else NULL, control = list(rel.tol = 1e-10))
  p <- parameterEstimates(fit, remove.eq = FALSE, remove.system.eq = FALSE)
  own <- function(q) list(name = I(paste0(q$lhs, q$op, q$rhs)), est = I(q$est), se = I(q$se))
  keep <- as.data.frame(parTable(fit))
  list(text = text, groups = I(lavInspect(fit, "group.label")), chisq = fitMeasures(fit, "chisq")[[1]], df = fitMeasures(fit, "df")[[1]],
       free = own(p[which(keep$free > 0), ]), defined = own(p[p$op == ":=", ]))
}
out <- list(
  oracle = "lavaan_constraints",
  packages = I(c(R.version.string, paste("lavaan", packageVersion("lavaan")))),
  r_call = I("lavaan::cfa(text, hs, group =, control = list(rel.tol = 1e-10)); parameterEstimates(fit)"),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(hs)), seed = NULL,
  note = I(c("free: the free parameters in the order of the table; groups in the order of the data",
             "lavaan's search under constraints ends about 1e-5 from the minimum")),
  result = lapply(cases, run))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null", pretty = 1) |>
  gsub(pattern = "\n\\s+(?=[-0-9])|(?<=[0-9])\n\\s+(?=\\])", replacement = " ", perl = TRUE), "lavaan_constraints.json")
