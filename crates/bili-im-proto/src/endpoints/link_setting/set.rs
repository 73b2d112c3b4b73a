//! Change the account's settings: `POST /link_setting/v1/link_setting/set`.

use crate::{endpoint::prelude::*, endpoints::Settings, error::InvalidArgument};

request! {
    /// Changes the account's settings of private messages (docs/protocol.md §10). Settings that are
    /// `None` stay as they are.
    pub struct SetSettings {
        /// The new values.
        pub settings: Settings,
    }
}

impl Endpoint for SetSettings {
    type Response = ();

    const SPEC: Spec = Spec::post(Host::Im, "/link_setting/v1/link_setting/set");

    fn check(&self, _: &Context) -> Result<(), Invalid> {
        if self.settings == Settings::default() {
            return Err(InvalidArgument::NothingToChange.into());
        }
        Ok(())
    }

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::form(
            self.settings
                .fields()
                .into_iter()
                .fold(Query::new(), |form, (name, value)| {
                    form.with_some(name, value)
                }),
        ))
    }

    fn decode(answer: Answer<'_>) -> Result<(), Error> {
        answer.success()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn only_the_settings_to_change_are_sent() {
        let mut settings = Settings::default();
        let nothing = SetSettings::new(settings.clone()).request(&context());
        assert_eq!(
            nothing.unwrap_err(),
            InvalidArgument::NothingToChange.into()
        );
        settings.msg_notify = Some(3);
        settings.keys_reply = Some(0);
        assert_eq!(
            form(&SetSettings::new(settings)),
            "msg_notify=3&keys_reply=0"
        );
    }
}
