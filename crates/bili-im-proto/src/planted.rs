//! Mistakes that can be made on purpose, to see that the tests notice. Without the feature `planted`
//! none of this exists.

/// Whether a mistake is to be made; never, but in tests of the tests.
#[cfg(not(feature = "planted"))]
macro_rules! planted {
    ($mistake:ident) => {
        false
    };
}

#[cfg(feature = "planted")]
macro_rules! planted {
    ($mistake:ident) => {
        $crate::planted::is_planted($crate::planted::Mistake::$mistake)
    };
}

pub(crate) use planted;

#[cfg(feature = "planted")]
pub(crate) use self::mistakes::is_planted;
#[cfg(feature = "planted")]
pub use self::mistakes::{Mistake, plant};

#[cfg(feature = "planted")]
mod mistakes {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Mistake>> = const { Cell::new(None) };
    }

    /// What can be got wrong.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Mistake {
        /// Each poll asks for what changed since the last one, and no further back.
        NoOverlap,
        /// The mark moves on although what was listed is not told yet.
        MarkBeforeDelivery,
        /// What could not be read is not remembered as pending.
        PendingForgotten,
        /// A session that fails is let go.
        FailedLetGo,
        /// What a session held before the watch began is told.
        HistoryAsNews,
        /// More sessions than a list holds are looked for in the list of all, which has one page.
        TypeFourTrusted,
        /// Of a gap the newest page is read, and the rest passed over.
        OnePage,
        /// A page that came back shorter than before is taken for whole.
        ShortPageWhole,
        /// Sessions are never compared all at once.
        NoReconcile,
        /// Pages are told newest message first.
        NewestFirst,
        /// Sessions are forgotten and the floor stays.
        ForgetWithoutFloor,
        /// The floor that forgetting raised counts in sessions that are pending, too.
        OneFloorForAll,
        /// A session that is pending counts as read to its end as soon as something of it is told.
        PendingClearedEarly,
        /// A watch begins without taking note of what is there already.
        NobodyKnown,
        /// What was listed and not there is not looked for when all sessions are compared.
        UnseenForEver,
        /// The mark moves on when lists are begun to be gone through.
        MarkBeforeSweep,
        /// Pinned sessions count for where the next page of a list begins.
        PinnedCounted,
        /// What is listed and not there yet is not waited for.
        EarlyListLetGo,
        /// What is being sent right now counts as written elsewhere.
        FlightsForgotten,
        /// A send of unknown outcome is sent again.
        Resend,
        /// A message is credited to every send that it matches.
        CreditTwice,
        /// A send of unknown outcome is reported as failed.
        DoubtfulIsCertain,
        /// A message that is not there yet is confirmed as absent although its request may arrive.
        AbsentAtOnce,
        /// Calls do not wait for their turn.
        Unpaced,
        /// "Too fast" is not listened to.
        DeafToTooFast,
    }

    /// Makes a mistake from now on, in this thread; `None` makes none.
    pub fn plant(mistake: Option<Mistake>) {
        PLANTED.set(mistake);
    }

    pub(crate) fn is_planted(mistake: Mistake) -> bool {
        PLANTED.get() == Some(mistake)
    }
}
