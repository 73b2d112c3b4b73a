//! Texts as people write them: few words are frequent, most are rare.

use fastrand::Rng;

/// The most frequent characters of Chinese, in order.
const FREQUENT: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过\
    发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军\
    者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等\
    产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条\
    平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社\
    便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望\
    觉术领共确传师观清今切院让识候带导争运笑飞风步改收根干造言联持组每济车亲极林服快办议往元英士证近失转夫令准布始怎";

/// How many further characters there are, from U+4E00 on.
const FURTHER: u32 = 2_500;

/// How many Chinese words there are.
const WORDS: usize = 30_000;

/// How many Latin words there are.
const LATIN_WORDS: usize = 3_000;

/// Numbers by how often they are drawn: the nth of them as often as 1/n.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(numbers: usize) -> Self {
        let mut sum = 0.0;
        let sums = (1..=numbers).map(|nth| {
            sum += 1.0 / nth as f64;
            sum
        });
        Self(sums.collect())
    }

    fn draw<'a, T>(&self, rng: &mut Rng, of: &'a [T]) -> Option<&'a T> {
        let at = rng.f64() * self.0.last()?;
        of.get(self.0.partition_point(|&sum| sum < at))
    }
}

/// Writes texts.
pub(super) struct Texts {
    rng: Rng,
    words: Vec<String>,
    frequency: Zipf,
    latin: Vec<String>,
    latin_frequency: Zipf,
}

impl Texts {
    /// The same texts for each seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut characters: Vec<char> = FREQUENT.chars().filter(|c| !c.is_whitespace()).collect();
        characters.extend((0..FURTHER).filter_map(|nth| char::from_u32(0x4e00 + nth * 7)));
        let frequency = Zipf::new(characters.len());
        let words = (0..WORDS).map(|_| {
            let length = rng.choice([1, 2, 2, 2, 2, 2, 3, 4]).unwrap_or(2);
            let drawn = (0..length).filter_map(|_| frequency.draw(&mut rng, &characters));
            drawn.collect()
        });
        let words = words.collect();
        let latin = (0..LATIN_WORDS).map(|_| {
            let length = rng.usize(2..9);
            (0..length).map(|_| rng.lowercase()).collect()
        });
        Self {
            words,
            latin: latin.collect(),
            rng,
            frequency: Zipf::new(WORDS),
            latin_frequency: Zipf::new(LATIN_WORDS),
        }
    }

    /// A Chinese word: the nth most frequent.
    pub(super) fn word(&self, nth: usize) -> &str {
        self.words.get(nth).map_or("", String::as_str)
    }

    /// The text of a message.
    pub(super) fn write(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.rng.usize(2..16) {
            match self.rng.u8(..40) {
                0..=2 => text.push_str(self.rng.choice(["，", "？", "！"]).unwrap_or_default()),
                3 => {
                    let word = self.latin_frequency.draw(&mut self.rng, &self.latin);
                    text.push_str(word.map_or("", String::as_str));
                }
                4 => text.push_str(&self.rng.u16(..1000).to_string()),
                5 => text.push_str(
                    self.rng
                        .choice(["[doge]", "😂", "[笑哭]"])
                        .unwrap_or_default(),
                ),
                _ => {
                    let word = self.frequency.draw(&mut self.rng, &self.words);
                    text.push_str(word.map_or("", String::as_str));
                }
            }
        }
        text
    }
}
