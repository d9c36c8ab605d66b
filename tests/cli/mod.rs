//! What only the whole command can show: the real binary, run as people run it.

mod aws;
mod bad;
mod balance;
mod client;
mod csv;
mod deployed;
mod files;
mod flink;
mod generate;
mod golden;
mod harness;
mod import;
mod kda;
mod kill;
mod kinesis_sql;
mod managed_flink;
mod over_kinesis;
mod pace;
mod permissions;
mod plan;
mod tables;
mod tail;
mod test;
mod up;
