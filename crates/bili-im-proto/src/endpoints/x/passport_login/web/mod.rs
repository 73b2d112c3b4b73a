mod qrcode;

pub use qrcode::*;
