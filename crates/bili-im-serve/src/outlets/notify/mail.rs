//! Mail, over SMTP.

use std::{fmt::Write, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bili_im_proto::Secret;
use jiff::{Timestamp, fmt::rfc2822};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    transport::smtp::{Error, authentication::Credentials, client::Tls},
};

use super::service::Note;
use crate::{
    outlets::{
        post::Refusal,
        table::{Table, is_loopback},
    },
    toml_file::Fault,
    words::{Words, words},
};

/// The most bytes of a text.
const MOST: usize = 20_000;

/// How many bytes of a text a line of base64 has: 76 characters.
const LINE: usize = 57;

/// How many bytes of a title an encoded word has.
const WORD: usize = 36;

/// Mail.
#[derive(Debug)]
pub(super) struct Mail {
    host: String,
    port: u16,
    login: Option<(String, Secret)>,
    from: Address,
    recipients: Vec<Address>,
}

impl Mail {
    pub(super) fn new(table: &mut Table<'_>) -> Result<Self, Fault> {
        let host: String = table.need(
            "host",
            ("the name of the SMTP server", "邮件服务器（SMTP）的域名"),
        )?;
        let port = table.take(
            "port",
            (
                "a number: 465 for TLS, 587 for STARTTLS",
                "端口号：TLS 用 465，STARTTLS 用 587",
            ),
        )?;
        let user: Option<String> =
            table.take("user", ("the user at the server", "登录服务器的用户名"))?;
        let password = table.secret(
            "password",
            ("the password, or the code for programs", "密码或授权码"),
        )?;
        let login = match (user, password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) if is_loopback(&host) => None,
            _ => {
                let problem = words!("user and password are needed", "需要 user 和 password");
                return Err(table.fault("host", problem));
            }
        };
        let from: String = table.need("from", ("the address of the sender", "发件人的邮箱地址"))?;
        let from = address(&from).map_err(|problem| table.fault("from", problem))?;
        let what = ("a list of addresses", "邮箱地址的列表");
        let recipients: Vec<String> = table.need("recipients", what)?;
        let recipients: Result<Vec<_>, _> = recipients.iter().map(|one| address(one)).collect();
        let recipients = recipients.map_err(|problem| table.fault("recipients", problem))?;
        if recipients.is_empty() {
            return Err(table.wrong("recipients", what));
        }
        Ok(Self {
            host,
            port: port.unwrap_or(465),
            login,
            from,
            recipients,
        })
    }

    /// Sends, once.
    pub(super) async fn send(&self, note: &Note, patience: Duration) -> Result<(), Refusal> {
        let mail = self.mail(&note.cut(MOST), Timestamp::now());
        let envelope = Envelope::new(Some(self.from.clone()), self.recipients.clone());
        let envelope = envelope.map_err(|error| Refusal::passing(error.to_string()))?;
        let transport = self.transport(patience).map_err(refusal)?;
        let sent = transport.send_raw(&envelope, mail.as_bytes());
        match tokio::time::timeout(patience, sent).await {
            Ok(sent) => sent.map(drop).map_err(refusal),
            Err(_) => Err(Refusal::passing("the server takes too long")),
        }
    }

    /// With TLS from the first byte at port 465, else by STARTTLS; without TLS only to this machine.
    fn transport(&self, patience: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
        let builder = match self.port {
            465 => AsyncSmtpTransport::<Tokio1Executor>::relay(&self.host)?,
            _ if is_loopback(&self.host) => {
                AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host).tls(Tls::None)
            }
            _ => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&self.host)?,
        };
        let builder = builder.port(self.port).timeout(Some(patience));
        let builder = match &self.login {
            Some((user, password)) => {
                let password = password.expose().to_owned();
                builder.credentials(Credentials::new(user.clone(), password))
            }
            None => builder,
        };
        Ok(builder.build())
    }

    /// A mail of plain text, all of it in base64, so that nothing in it is read as a header.
    fn mail(&self, note: &Note, time: Timestamp) -> String {
        let recipients: Vec<&str> = self.recipients.iter().map(AsRef::as_ref).collect();
        let mut mail = format!(
            "From: <{}>\r\nTo: <{}>\r\nDate: {}\r\nSubject: {}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            self.from,
            recipients.join(">, <"),
            rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default(),
            subject(&note.title),
        );
        let text = match &note.link {
            Some(link) => format!("{}\n\n{link}\n", note.text),
            None => format!("{}\n", note.text),
        };
        for line in text.as_bytes().chunks(LINE) {
            let _in_memory = write!(mail, "{}\r\n", BASE64_STANDARD.encode(line));
        }
        mail
    }
}

/// Encoded words, of whole characters each.
fn subject(title: &str) -> String {
    let mut words = vec![String::new()];
    for c in title.chars() {
        if words
            .last()
            .is_some_and(|word| word.len() + c.len_utf8() > WORD)
        {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let words = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", BASE64_STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

fn address(text: &str) -> Result<Address, Words> {
    text.parse()
        .map_err(|_| words!("{text:?} is no address of mail", "{text:?} 不是邮箱地址"))
}

fn refusal(error: Error) -> Refusal {
    Refusal {
        is_final: error.is_permanent(),
        ..Refusal::passing(format!("mail: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
    };

    use super::*;
    use crate::outlets::notify::{
        testing::{note, way},
        way::Way,
    };

    fn mail(more: &str) -> Mail {
        let fields = format!(
            "to = 'mail'\nfrom = 'me@example.com'\nrecipients = ['you@example.com']\n{more}"
        );
        match way(&fields) {
            Way::Mail(mail) => mail,
            way => panic!("{way:?}"),
        }
    }

    #[test]
    fn a_mail_is_plain_text_in_base64() {
        let login = "host = 'smtp.example.com'\nuser = 'me'\npassword = 'SECRET'";
        let mail = mail(login).mail(&note(), Timestamp::from_second(1_700_000_000).unwrap());
        // Python: base64.encodebytes and email.header.Header give the same.
        let expected = "From: <me@example.com>\r\nTo: <you@example.com>\r\n\
            Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nSubject: =?utf-8?B?5bCP5piO?=\r\n\
            MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\n\
            KmhpKiA8Yj4KCmh0dHBzOi8vbWVzc2FnZS5iaWxpYmlsaS5jb20vIy93aGlzcGVyL21pZDcK\r\n";
        assert_eq!(mail, expected);
    }

    #[test]
    fn a_title_is_no_header_and_its_words_are_short() {
        let title = "一\r\nBcc: <other@example.com>\r\n".repeat(5);
        let subject = subject(&title);
        assert!(!subject.contains("Bcc"));
        assert!(subject.lines().all(|line| line.len() <= 76), "{subject}");
    }

    #[tokio::test]
    async fn a_server_gets_the_mail_and_its_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mail = mail(&format!("host = '127.0.0.1'\nport = {port}"));
        let server = tokio::spawn(async move {
            let mut heard = String::new();
            for answer_to_data in ["250 taken", "554 no such user"] {
                let (stream, _) = listener.accept().await.unwrap();
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 hi\r\n").await.unwrap();
                let mut is_data = false;
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer = match line.as_str() {
                        "." => answer_to_data,
                        _ if is_data => "",
                        "DATA" => "354 go on",
                        "QUIT" => "221 bye",
                        _ => "250 ok",
                    };
                    is_data = (is_data || line == "DATA") && line != ".";
                    heard += &format!("{line}\n");
                    if !answer.is_empty() {
                        write
                            .write_all(format!("{answer}\r\n").as_bytes())
                            .await
                            .unwrap();
                    }
                }
            }
            heard
        });
        let patience = Duration::from_secs(20);
        mail.send(&note(), patience).await.unwrap();
        let refused = mail.send(&note(), patience).await.unwrap_err();
        assert!(
            refused.is_final && refused.why.contains("554"),
            "{refused:?}"
        );
        let heard = server.await.unwrap();
        for line in [
            "MAIL FROM:<me@example.com>",
            "RCPT TO:<you@example.com>",
            "Subject: =?utf-8?B?5bCP5piO?=",
        ] {
            assert!(heard.contains(line), "{heard}");
        }
    }
}
