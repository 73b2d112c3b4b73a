//! The trait of all calls: it builds the request and decodes the answer.

use std::fmt;

use http::{
    HeaderValue, Request, Response, Uri,
    header::{CONTENT_TYPE, COOKIE, ORIGIN, REFERER, USER_AGENT},
    uri::{self, InvalidUri},
};
use percent_encoding::utf8_percent_encode;

use crate::{
    answer::Answer,
    context::{Context, Host},
    encode::{Query, RESERVED},
    error::{Error, Invalid, InvalidArgument, Missing},
    spec::{Method, Spec},
};

/// What nearly every endpoint uses.
pub(crate) mod prelude {
    pub(crate) use super::{Endpoint, Parts, request};
    pub(crate) use crate::{
        answer::Answer,
        context::{Context, Host},
        encode::Query,
        error::{Error, Invalid, check_talker, check_uids},
        ids::{Talker, Uid},
        lenient::wire,
        spec::Spec,
    };
}

/// Declares a request whose `new` takes all its fields.
macro_rules! request {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$doc:meta])* pub $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl $name {
            /// The call with these arguments.
            pub fn new($($field: impl Into<$type>),*) -> Self {
                Self {
                    $($field: $field.into(),)*
                }
            }
        }
    };
}
pub(crate) use request;

/// A call to the service. Each endpoint of this crate implements this trait, and users can
/// implement it for further endpoints.
///
/// ```
/// use bili_im_proto::{Answer, Context, Endpoint, Error, Host, Invalid, Parts, Query, Spec};
///
/// /// Asks for the time of the service.
/// struct ServerTime;
///
/// impl Endpoint for ServerTime {
///     type Response = ();
///     const SPEC: Spec = Spec::get(Host::Main, "/x/report/click/now");
///
///     fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
///         Ok(Parts::query(Query::new()))
///     }
///
///     fn decode(answer: Answer<'_>) -> Result<(), Error> {
///         answer.success()
///     }
/// }
/// ```
pub trait Endpoint {
    /// The decoded answer.
    type Response;

    /// What is the same in every call.
    const SPEC: Spec;

    /// Checks the arguments, as far as that needs no service.
    ///
    /// # Errors
    /// When the service would refuse them.
    fn check(&self, _context: &Context) -> Result<(), Invalid> {
        Ok(())
    }

    /// The query and the body, without what every call has. The arguments are checked before.
    ///
    /// # Errors
    /// When what it needs is missing in the context.
    fn parts(&self, context: &Context) -> Result<Parts, Invalid>;

    /// Decodes an answer.
    ///
    /// # Errors
    /// When the service refused, or the answer cannot be understood.
    fn decode(answer: Answer<'_>) -> Result<Self::Response, Error>;

    /// Builds the whole request.
    ///
    /// # Errors
    /// As [`check`](Self::check) and [`parts`](Self::parts). Also when the login, the CSRF token or
    /// the signing keys are missing.
    fn request(&self, context: &Context) -> Result<Request<Body>, Invalid> {
        Self::SPEC.check_login(context)?;
        self.check(context)?;
        self.parts(context)?.into_request(&Self::SPEC, context)
    }

    /// Decodes an HTTP response.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn response(response: &Response<impl AsRef<[u8]>>) -> Result<Self::Response, Error> {
        Self::decode(Answer::of(const { &Self::SPEC }, response))
    }
}

/// The query and body that a call adds to what every call has.
#[derive(Debug)]
pub struct Parts {
    query: Query,
    payload: Payload,
}

enum Payload {
    /// A GET has no body, so its form is empty.
    Form(String),
    Raw(HeaderValue, Vec<u8>),
}

impl Parts {
    /// A query and no body.
    pub fn query(query: Query) -> Self {
        Self::form(Query::new()).with_query(query)
    }

    /// A body of type `application/x-www-form-urlencoded`.
    pub fn form(fields: Query) -> Self {
        Self {
            query: Query::new(),
            payload: Payload::Form(fields.into()),
        }
    }

    /// A body of another type. Nothing is added to it.
    ///
    /// # Errors
    /// When `content_type` is not a valid header value.
    pub fn raw(content_type: &str, body: Vec<u8>) -> Result<Self, Invalid> {
        let content_type = HeaderValue::from_str(content_type)
            .map_err(|error| InvalidArgument::Unencodable(error.to_string()))?;
        Ok(Self {
            query: Query::new(),
            payload: Payload::Raw(content_type, body),
        })
    }

    /// Sets the query.
    #[must_use]
    pub fn with_query(self, query: Query) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn into_request(
        self,
        spec: &Spec,
        context: &Context,
    ) -> Result<Request<Body>, Invalid> {
        let Self { mut query, payload } = self;
        let body = match (spec.method, payload) {
            (Method::Get, _) => {
                if spec.host == Host::Im {
                    for (name, value) in CLIENT {
                        query.push(name.into(), value);
                    }
                }
                None
            }
            (Method::Post, Payload::Raw(content_type, bytes)) => Some((content_type, bytes)),
            (Method::Post, Payload::Form(form)) => Some(complete(form, spec, context)?),
        };
        let query = if spec.signed {
            let keys = context.keys.as_ref().ok_or(Missing::SigningKeys)?;
            keys.sign(query, context.time.seconds())
        } else {
            query.into()
        };
        let origin = context.hosts.get(spec.host);
        let path = match &*query {
            "" => spec.path.to_owned(),
            query => [spec.path, "?", query].concat(),
        };
        let unencodable =
            |error: &dyn fmt::Display| InvalidArgument::Unencodable(error.to_string());
        let mut uri = uri::Parts::default();
        uri.scheme = Some(origin.scheme.clone());
        uri.authority = Some(origin.authority.clone());
        uri.path_and_query = Some(
            path.try_into()
                .map_err(|error: InvalidUri| unencodable(&error))?,
        );
        let uri = Uri::from_parts(uri).map_err(|error| unencodable(&error))?;

        let mut request = Request::new(Body::default());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, context.user_agent.0.clone());
        for (name, page) in [
            (REFERER, "https://message.bilibili.com/"),
            (ORIGIN, "https://message.bilibili.com"),
        ] {
            headers.insert(name, HeaderValue::from_static(page));
        }
        if let Some(credential) = &context.credential {
            headers.insert(COOKIE, credential.header());
        }
        if let Some((content_type, body)) = body {
            headers.insert(CONTENT_TYPE, content_type);
            *request.method_mut() = http::Method::POST;
            *request.body_mut() = Body(body);
        }
        Ok(request)
    }
}

/// Fields of most calls to the host `im` (docs/protocol.md §1).
const CLIENT: [(&str, &str); 2] = [("build", "0"), ("mobi_app", "web")];

impl fmt::Debug for Payload {
    /// Shows lengths only: a form can hold the CSRF token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(form) => write!(f, "Form({} bytes)", form.len()),
            Self::Raw(_, body) => write!(f, "Raw({} bytes)", body.len()),
        }
    }
}

/// The content type, and the form with the fields that every form has.
fn complete(
    mut form: String,
    spec: &Spec,
    context: &Context,
) -> Result<(HeaderValue, Vec<u8>), Invalid> {
    let mut push = |name: &str, value: &str| {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        form.extend(utf8_percent_encode(value, RESERVED));
    };
    if !spec.csrf.is_empty() {
        let token = context.csrf_token()?;
        for name in spec.csrf {
            push(name, token);
        }
    }
    if spec.host == Host::Im {
        for (name, value) in CLIENT {
            push(name, value);
        }
    }
    let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok((content_type, form.into_bytes()))
}

/// The bytes of a request's body. `Debug` shows only their number: they can hold the CSRF token.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Body(Vec<u8>);

impl Body {
    /// Whether there is no body, as in every GET.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Body> for Vec<u8> {
    fn from(body: Body) -> Self {
        body.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}
