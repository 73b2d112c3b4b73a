mod cross_domain;
mod qrcode;

pub use self::{cross_domain::*, qrcode::*};
