//! What is promised by the parts that cannot be seen from outside.

mod line;
mod order;
mod size;
