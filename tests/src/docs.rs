#[doc = include_str!("../../README.md")]
mod readme {}

#[doc = include_str!("../../README.zh-CN.md")]
mod readme_zh_cn {}

#[doc = include_str!("../../docs/embedding.md")]
mod embedding {}

#[doc = include_str!("../../docs/testing.md")]
mod testing {}
