//! One file for each subject; [`play`] carries the lists out, [`steps`] is what they are made of.

mod answer;
mod configs;
mod play;
mod steps;

mod admin;
mod errors;
mod health;
mod keys;
mod lifecycle;
mod loggers;
mod masks;
mod names;
mod offsets;
mod plugins;
mod policies;
mod replies;
mod requests;
mod topics;
mod validation;
mod versions;
