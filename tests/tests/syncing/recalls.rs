//! What becomes of recalled messages.

use bili_im_archive::MessageRange;
use bili_im_proto::{Content, SyncOptions};
use bili_im_sim::{Act, Message, MsgKey, Talker, Uid};
use bili_im_tests::Stage;

use crate::stage::{OWN, Place, stored, sync, there, world};

fn write(stage: &mut Stage, text: &str) -> MsgKey {
    let now = stage.sim_now();
    let message = Message::text(4, Talker::user(OWN), text);
    stage.service.write(message, now).unwrap().0
}

fn recall(stage: &mut Stage, msg_key: MsgKey) {
    let now = stage.sim_now();
    let uid = Uid(4);
    stage
        .service
        .act(Act::Recall { uid, msg_key }, now)
        .unwrap();
}

#[test]
fn what_a_recalled_message_said_is_erased_unless_it_is_to_be_kept() {
    for keep in [false, true] {
        let mut stage = Stage::new(world()).unwrap();
        let place = Place::new();
        let mut archive = place.archive().keep_recalled(keep);
        let stored_before = write(&mut stage, "swordfish, stored before it is recalled");
        sync(&mut stage, &mut archive, SyncOptions::default());
        let unseen = write(&mut stage, "swordfish, recalled before it is seen");
        recall(&mut stage, stored_before);
        recall(&mut stage, unseen);
        sync(&mut stage, &mut archive, SyncOptions::default());
        assert_eq!(stored(&archive), there(&stage, keep));
        archive.check().unwrap();
        drop(archive);
        // The index shortens the beginnings of words.
        let bytes = std::fs::read(place.path()).unwrap();
        let has_secret = bytes.windows(6).any(|some| some == b"ordfis");
        assert_eq!(
            has_secret, keep,
            "in the file, its index and free pages included"
        );
    }
}

#[test]
fn a_removed_message_becomes_a_recalled_one() {
    let mut stage = Stage::new(world()).unwrap();
    let place = Place::new();
    let mut archive = place.archive();
    let msg_key = write(&mut stage, "removed by the service");
    sync(&mut stage, &mut archive, SyncOptions::default());
    let now = stage.sim_now();
    stage.service.act(Act::SysCancel { msg_key }, now).unwrap();
    sync(&mut stage, &mut archive, SyncOptions::default());
    let part = MessageRange::of(bili_im_proto::Uid(4));
    let messages: Vec<_> = archive
        .messages(part)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let removed = messages.iter().filter_map(|one| one.message.as_ref());
    let removed = removed
        .into_iter()
        .find(|message| message.msg_key.0 == msg_key.0);
    assert_eq!(removed.unwrap().content(), Content::Recalled);
}
