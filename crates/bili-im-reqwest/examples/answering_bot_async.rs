//! Answers each message once, whatever is refused and whenever it is killed.

use std::{env, error::Error, fs, future::ready, io::Write};

use bili_im_reqwest::{
    Client,
    proto::{Credential, Cursor, SendTicket, Text, WatchOptions},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut client = Client::builder(Credential::parse(&env::var("BILI_IM_COOKIE")?)?);
    if let Ok(endpoint) = env::var("BILI_IM_ENDPOINT") {
        client = client.endpoint(endpoint.parse()?); // `bili-im sim`, not the real service
    }
    let client = client.build();
    let (mut cursor, unsettled): (Cursor, Option<SendTicket>) = if fs::exists("bot.json")? {
        serde_json::from_slice(&fs::read("bot.json")?)?
    } else {
        (client.cursor_now().await?, None)
    };
    if let Some(ticket) = unsettled {
        let store = |ticket| ready(save(&cursor, Some(ticket)));
        println!("{:?}", client.settle_answer(ticket, store).await?);
    }
    save(&cursor, None)?;
    let mut events = client.watch(cursor.clone(), WatchOptions::default());
    while let Some(event) = events.next().await {
        let event = event?; // fails only when a person must act: lost login, risk control
        event.position.inspect(|position| cursor.advance(position));
        if let Some((talker, _message)) = event.answerable() {
            let text = Text::new("收到")?;
            let store = |ticket| ready(save(&cursor, Some(ticket)));
            let answered = client.answer(&event, text, store).await?;
            println!("{talker}: {answered:?}"); // sent or refused: on to the next message
        }
        save(&cursor, None)?;
    }
    Ok(())
}

/// Replaces the file as a whole: a crash leaves the old one or the new one.
fn save(cursor: &Cursor, unsettled: Option<SendTicket>) -> Result<(), Box<dyn Error>> {
    let mut file = fs::File::create("bot.json.new")?;
    file.write_all(&serde_json::to_vec(&(cursor, unsettled))?)?;
    file.sync_all()?;
    Ok(fs::rename("bot.json.new", "bot.json")?)
}
