package dev.lungo.corpus;

import com.ibm.icu.text.DateFormat;
import com.ibm.icu.text.DisplayContext;
import com.ibm.icu.text.ListFormatter;
import com.ibm.icu.text.LocaleDisplayNames;
import com.ibm.icu.text.MeasureFormat;
import com.ibm.icu.text.NumberFormat;
import com.ibm.icu.text.RelativeDateTimeFormatter;
import com.ibm.icu.text.RelativeDateTimeFormatter.Direction;
import com.ibm.icu.text.RelativeDateTimeFormatter.RelativeUnit;
import com.ibm.icu.text.RuleBasedNumberFormat;
import com.ibm.icu.util.Currency;
import com.ibm.icu.util.CurrencyAmount;
import com.ibm.icu.util.Measure;
import com.ibm.icu.util.MeasureUnit;
import com.ibm.icu.util.TimeZone;
import com.ibm.icu.util.ULocale;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.SplittableRandom;

/// English phrases and their French translations, without end, from what Unicode's Common Locale
/// Data Repository knows: spelled-out numbers, dates, times, amounts of money, countries,
/// languages, quantities and spans of time.
///
/// Pairs are drawn by number. Whether a pair is held out depends on the value that it says (this
/// date, this amount, these countries in this order) and not on how it says it; words that nothing
/// else could teach, such as the numbers below a hundred, are never held out. Not thread-safe.
public final class CldrPairs {
  /// The share of values that are held out.
  private static final double HELD_OUT = 0.06;

  private static final int SPELLED_BELOW = 1_000_000;
  private static final int ORDINALS_BELOW = 10_000;
  private static final int FIRST_YEAR = 1900;
  private static final int YEARS = 200;

  private static final List<String> CURRENCIES =
      List.of(
          "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR", "BRL", "MXN", "KRW", "SEK",
          "NOK", "DKK", "PLN", "TRY", "ZAR", "EGP", "MAD");

  private static final List<MeasureUnit> UNITS =
      List.of(
          MeasureUnit.METER,
          MeasureUnit.KILOMETER,
          MeasureUnit.CENTIMETER,
          MeasureUnit.MILE,
          MeasureUnit.FOOT,
          MeasureUnit.INCH,
          MeasureUnit.GRAM,
          MeasureUnit.KILOGRAM,
          MeasureUnit.POUND,
          MeasureUnit.LITER,
          MeasureUnit.CUBIC_METER,
          MeasureUnit.SQUARE_KILOMETER,
          MeasureUnit.HECTARE,
          MeasureUnit.CELSIUS,
          MeasureUnit.FAHRENHEIT,
          MeasureUnit.KILOMETER_PER_HOUR,
          MeasureUnit.MEGABYTE,
          MeasureUnit.GIGABYTE,
          MeasureUnit.KILOWATT_HOUR,
          MeasureUnit.WATT,
          MeasureUnit.VOLT,
          MeasureUnit.HERTZ,
          MeasureUnit.SECOND,
          MeasureUnit.MINUTE,
          MeasureUnit.HOUR,
          MeasureUnit.DAY,
          MeasureUnit.WEEK,
          MeasureUnit.MONTH,
          MeasureUnit.YEAR);

  private static final List<RelativeUnit> SPANS =
      List.of(
          RelativeUnit.SECONDS,
          RelativeUnit.MINUTES,
          RelativeUnit.HOURS,
          RelativeUnit.DAYS,
          RelativeUnit.WEEKS,
          RelativeUnit.MONTHS,
          RelativeUnit.YEARS);

  private final Language english = new Language(ULocale.US);
  private final Language french = new Language(ULocale.FRANCE);
  private final List<String> regions = new ArrayList<>();
  private final List<String> languages = new ArrayList<>();

  /// A value that both languages can say.
  ///
  /// @param key equal for equal values, whatever form they are said in
  /// @param common whether it must be learned and so is never held out
  private record Said(String key, boolean common, String source, String target) {}

  /// Says a value in one language.
  @FunctionalInterface
  private interface Saying {
    String in(Language language);
  }

  public CldrPairs() {
    for (String region : ULocale.getISOCountries()) {
      if (hasNames(
          region,
          english.names.regionDisplayName(region),
          french.names.regionDisplayName(region))) {
        regions.add(region);
      }
    }
    for (String language : ULocale.getISOLanguages()) {
      boolean usual = language.length() == 2;
      if (usual
          && hasNames(
              language,
              english.names.languageDisplayName(language),
              french.names.languageDisplayName(language))) {
        languages.add(language);
      }
    }
  }

  private static boolean hasNames(String code, String english, String french) {
    return !english.equals(code) && !french.equals(code);
  }

  /// Returns the pair of this number: always the same, for one seed.
  ///
  /// @param heldOut whether to draw among the values that are held out, or among the others
  public TextPair pair(long seed, long number, boolean heldOut) {
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number);
    while (true) {
      Said said = draw(random);
      if (isHeldOut(said) == heldOut) {
        return new TextPair(said.source, said.target);
      }
    }
  }

  private static boolean isHeldOut(Said said) {
    return !said.common && NameHash.unit(said.key, NameHash.HOLD_OUT) < HELD_OUT;
  }

  private Said draw(SplittableRandom random) {
    return switch (random.nextInt(10)) {
      case 0, 1 -> spelled(random);
      case 2 -> ordinal(random);
      case 3, 4 -> date(random);
      case 5 -> time(random);
      case 6 -> money(random);
      case 7 -> list(random, regions, true);
      case 8 -> random.nextBoolean() ? list(random, languages, false) : quantity(random);
      default -> random.nextBoolean() ? span(random) : quantity(random);
    };
  }

  private Said said(String key, boolean common, Saying saying) {
    // CLDR puts a narrow no-break space before AM and PM, which nobody types.
    String source = saying.in(english).replace('\u202f', ' ');
    return new Said(key, common, source, saying.in(french));
  }

  private Said spelled(SplittableRandom random) {
    int number = upTo(random, SPELLED_BELOW);
    return said(
        "number " + number,
        number < 100,
        language -> language.spelled.format(number, language.cardinals));
  }

  private Said ordinal(SplittableRandom random) {
    int number = 1 + upTo(random, ORDINALS_BELOW);
    return said(
        "ordinal " + number,
        number <= 100,
        language -> language.spelled.format(number, language.ordinals));
  }

  private Said date(SplittableRandom random) {
    LocalDate day =
        LocalDate.of(FIRST_YEAR + random.nextInt(YEARS), 1, 1).plusDays(random.nextInt(365));
    Date date = Date.from(day.atStartOfDay(ZoneOffset.UTC).toInstant());
    int form = random.nextInt(3);
    return said("date " + day, false, language -> language.dates.get(form).format(date));
  }

  private Said time(SplittableRandom random) {
    int minute = random.nextInt(24 * 60);
    Date time = new Date(60_000L * minute);
    return said("time " + minute, false, language -> language.times.format(time));
  }

  private Said money(SplittableRandom random) {
    String code = CURRENCIES.get(random.nextInt(CURRENCIES.size()));
    BigDecimal amount = amount(random);
    return said(
        "money " + code + amount,
        amount.compareTo(BigDecimal.TWO) <= 0,
        language -> language.money.format(new CurrencyAmount(amount, Currency.getInstance(code))));
  }

  private Said quantity(SplittableRandom random) {
    MeasureUnit unit = UNITS.get(random.nextInt(UNITS.size()));
    BigDecimal amount = amount(random);
    return said(
        "quantity " + unit.getSubtype() + amount,
        amount.compareTo(BigDecimal.TWO) <= 0,
        language -> language.quantities.format(new Measure(amount, unit)));
  }

  private Said span(SplittableRandom random) {
    RelativeUnit unit = SPANS.get(random.nextInt(SPANS.size()));
    Direction direction = random.nextBoolean() ? Direction.NEXT : Direction.LAST;
    int count = 1 + upTo(random, 999);
    return said(
        "span " + unit + direction + count,
        count <= 2,
        language -> language.spans.format(count, direction, unit));
  }

  private Said list(SplittableRandom random, List<String> codes, boolean areRegions) {
    List<String> chosen = new ArrayList<>();
    int count = 1 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      chosen.add(codes.get(random.nextInt(codes.size())));
    }
    return said(
        "list " + chosen,
        count == 1,
        language ->
            language.lists.format(
                chosen.stream()
                    .map(code ->
                        areRegions
                            ? language.names.regionDisplayName(code)
                            : language.names.languageDisplayName(code))
                    .toList()));
  }

  /// Returns a number below `bound`, each count of digits equally often.
  private static int upTo(SplittableRandom random, int bound) {
    int limit = 10;
    for (int digits = random.nextInt((int) Math.ceil(Math.log10(bound))); digits > 0; digits--) {
      limit *= 10;
    }
    return random.nextInt(Math.min(limit, bound));
  }

  /// Returns an amount with no, one or two decimals.
  private static BigDecimal amount(SplittableRandom random) {
    BigDecimal whole = BigDecimal.valueOf(upTo(random, 100_000));
    return switch (random.nextInt(4)) {
      case 0 -> whole.add(BigDecimal.valueOf(1 + random.nextInt(9), 1));
      default -> whole;
    };
  }

  /// What formats values in one language.
  private static final class Language {
    private final String cardinals;
    private final String ordinals;
    private final RuleBasedNumberFormat spelled;
    private final List<DateFormat> dates;
    private final DateFormat times;
    private final NumberFormat money;
    private final MeasureFormat quantities;
    private final RelativeDateTimeFormatter spans;
    private final ListFormatter lists;
    private final LocaleDisplayNames names;

    Language(ULocale locale) {
      boolean gendered = locale.getLanguage().equals("fr");
      cardinals = gendered ? "%spellout-cardinal-masculine" : "%spellout-cardinal";
      ordinals = gendered ? "%spellout-ordinal-masculine" : "%spellout-ordinal";
      spelled = new RuleBasedNumberFormat(locale, RuleBasedNumberFormat.SPELLOUT);
      dates =
          List.of(
              inUtc(DateFormat.getDateInstance(DateFormat.FULL, locale)),
              inUtc(DateFormat.getDateInstance(DateFormat.LONG, locale)),
              inUtc(DateFormat.getDateInstance(DateFormat.MEDIUM, locale)));
      times = inUtc(DateFormat.getTimeInstance(DateFormat.SHORT, locale));
      money = NumberFormat.getInstance(locale, NumberFormat.PLURALCURRENCYSTYLE);
      quantities = MeasureFormat.getInstance(locale, MeasureFormat.FormatWidth.WIDE);
      spans = RelativeDateTimeFormatter.getInstance(locale);
      lists = ListFormatter.getInstance(locale);
      names = LocaleDisplayNames.getInstance(locale, DisplayContext.CAPITALIZATION_NONE);
    }

    private static DateFormat inUtc(DateFormat format) {
      format.setTimeZone(TimeZone.GMT_ZONE);
      return format;
    }
  }
}
