//! Databases are set back to different moments, brought in line, and go on.

mod set_back;
mod site;
