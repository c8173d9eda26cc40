//! Nothing to import: see the programs and tests beside this file.
