//! One file for each subject; [`play`] carries the lists out, [`steps`] is what they are made of.

mod answer;
mod configs;
mod play;
mod steps;

mod errors;
mod lifecycle;
mod loggers;
mod names;
mod offsets;
mod plugins;
mod policies;
mod topics;
mod validation;
