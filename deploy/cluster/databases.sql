-- One database for Dagster, one for the catalog of the lake.
CREATE DATABASE dagster;
CREATE DATABASE lake;
