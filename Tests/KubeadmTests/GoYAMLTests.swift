import QuorateCore
import Testing

@Suite struct GoYAMLTests {
  @Test(arguments: [
    ("--name=infra0", "--name=infra0"), ("--a=b: c", "'--a=b: c'"), ("--a=b #c", "'--a=b #c'"), ("--a=b#c", "--a=b#c"),
    ("--a=b ", "'--a=b '"), ("--a='b' #", "'--a=''b'' #'"), ("::1", "::1"), ("--a=\t", "\"--a=\\t\""),
    ("--a=\u{1F600}", "\"--a=\\U0001F600\""), ("--a=é", "--a=é"), ("", "\"\""), ("--a=:", "'--a=:'"),
  ])
  func `A scalar is quoted as kubeadm quotes it`(_ text: String, _ expected: String) {
    #expect(GoYAML.scalar(text, column: 0, indent: 0) == expected)
  }

  @Test(arguments: [
    ("infra0", "infra0"), ("true", "\"true\""), ("n", "\"n\""), ("8", "\"8\""), ("10.0.0.6", "10.0.0.6"),
    ("fd00::6", "fd00::6"), ("2001:db8::6", "\"2001:db8::6\""), ("12:30", "\"12:30\""), ("", "\"\""),
    ("a: b", "\"a: b\""), ("a\"\\", "\"a\\\"\\\\\""),
    ("1.2.3", "\"1.2.3\""), ("https://10.0.0.6:2379", "https://10.0.0.6:2379"), ("*.example.com", "\"*.example.com\""),
    ("/var/lib/etcd", "/var/lib/etcd"), ("~", "\"~\""), ("a:", "\"a:\""), ("e1", "e1"),
  ])
  func `A value of our own files is quoted wherever it could be mistaken`(_ text: String, _ expected: String) {
    #expect(GoYAML.quoted(text) == expected)
  }
}
