"""Study reports: notebooks run by papermill, exported to pages, tables and figures."""
