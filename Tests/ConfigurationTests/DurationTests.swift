import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct DurationTests {
  private func load(validity: String) -> LoadedConfiguration {
    ConfigurationTests.load(
      document("ca: {validity: 876000h}\nissuer: {plugin: openssl, with: {validity: \(validity)}}"))
  }

  @Test(arguments: [
    ("8760h", 31_536_000), ("1h30m", 5400), ("90s", 90), ("1.5h", 5400), (".5h", 1800), ("1h0m0.0s", 3600),
    ("+24h", 86400), ("1000ms", 1), ("3600000000000ns", 3600), ("\"90m\"", 5400), ("1.h", 3600), ("1000000µs", 1),
    ("30m30m", 3600),
  ]) func `A length of time is read as Go reads it`(_ text: String, _ seconds: Int64) {
    let loaded = load(validity: text)
    #expect(loaded.spec?.certificates.validitySeconds == seconds, "\(ConfigurationTests.text(loaded.findings))")
  }

  @Test(arguments: [
    ("365d", "is `365d`, and days are no unit here, as their length varies", "write hours: `8760h`"),
    ("1y", "is `1y`, and years are no unit here, as their length varies", "write hours: `8760h`"),
    ("2 weeks", "is `2 weeks`, and weeks are no unit here, as their length varies", "write hours: `336h`"),
    (
      "1.5d", "is `1.5d`, and days are no unit here, as their length varies",
      "write hours: `24h` is a day, `8760h` are 365 days"
    ), ("8760", "is `8760`, which has no unit", "write the unit: `8760h` for hours, `8760s` for seconds"),
    ("8760H", "is `8760H`, which Go does not read", "write it without spaces, in small letters: `8760h`"),
    ("1.5s", "is `1.5s`, which is no whole number of seconds", "write whole seconds: `90s`"),
    (
      "soon", "is `soon`, which is no length of time",
      "write it as Go does, in hours, minutes and seconds: `8760h`, `1h30m`, `90s`"
    ),
    (
      "1fortnight", "is `1fortnight`, and `fortnight` is no unit of time",
      "write it as Go does, in hours, minutes and seconds: `8760h`, `1h30m`, `90s`"
    ),
    (
      "99999999999999999999h", "is `99999999999999999999h`, which is longer than Go can count (292 years)",
      "write it as Go does, in hours, minutes and seconds: `8760h`, `1h30m`, `90s`"
    ), ("0", "is `0s`, which is not above zero", "write a length of time: `8760h`"),
    ("-5m", "is `-5m`, which is not above zero", "write a length of time: `8760h`"),
  ]) func `What is no length of time is told with what to write`(_ text: String, _ what: String, _ fix: String) {
    let findings = load(validity: text).findings
    #expect(findings.map(\.what) == ["`spec.issuer.with.validity` \(what)"])
    #expect(findings.map(\.fix) == [fix])
  }
}
