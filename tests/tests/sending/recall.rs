//! Recalls.

use bili_im_proto::{Confirmation, RefusalKind};
use bili_im_sim::faults::{Rule, When};

use crate::simulated::{
    FRIEND, OWN, fault, open_ends, restart, stage, text, until_send, warm, written,
};

#[test]
fn a_recall_whose_answer_is_lost_is_repeated() {
    for after in [true, false] {
        for end in open_ends() {
            let mut stage = stage();
            let account = warm(&mut stage);
            let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
            let rule = Rule::new("send_msg", When::Once, end.clone());
            fault(&mut stage, if after { rule.after_effect() } else { rule });
            stage
                .run(account.recall(FRIEND, sent.msg_key))
                .unwrap_or_else(|error| panic!("{end:?}: {error}"));
            let messages = stage.service.snapshot(stage.sim_now()).messages;
            let recalls = messages
                .iter()
                .filter(|m| m.msg_type == 5 && m.from.0 == OWN);
            assert_eq!(recalls.count(), 1);
            let recalled = (messages.iter()).find(|m| m.msg_key.0 == sent.msg_key.0);
            assert_eq!(recalled.unwrap().msg_status, 1);
        }
    }
}

#[test]
fn a_message_recalled_before_is_not_recalled_again() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let sent = stage.run(account.send(FRIEND, text("hi"))).unwrap();
    stage.run(account.recall(FRIEND, sent.msg_key)).unwrap();
    let error = stage.run(account.recall(FRIEND, sent.msg_key)).unwrap_err();
    assert_eq!(error.kind(), Some(RefusalKind::AlreadyRecalled));
}

#[test]
fn a_recalled_message_still_confirms_its_ticket() {
    let mut stage = stage();
    let account = warm(&mut stage);
    let ticket = stage.run(account.prepare_send(FRIEND, text("hi"))).unwrap();
    let mut dying = until_send(&mut stage, account.send_ticket(ticket.clone()));
    stage.deliver(dying.take_outgoing().unwrap());
    drop(dying);
    let key = written(&stage, "hi")[0];
    let restarted = restart(&stage, &account, 2);
    stage.run(restarted.recall(FRIEND, key)).unwrap();
    assert_eq!(
        stage.run(restarted.confirm(ticket)).unwrap(),
        Confirmation::Sent(key)
    );
}
