package dev.lungo.hub;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Says where a request may go, and where the token may.
///
/// The endpoint sends most downloads on to other hosts. Those must be named, be it here or by the
/// user; none of them gets the token.
final class HostRules {
  private static final List<String> USUAL =
      List.of("huggingface.co", "hf.co", "*.hf.co", "cdn-lfs*.huggingface.co");

  private final URI endpoint;
  private final List<String> patterns;

  /// @param more host names, or patterns with `*` for letters, digits and hyphens
  HostRules(URI endpoint, Set<String> more) {
    this.endpoint = endpoint;
    patterns = new ArrayList<>(USUAL);
    for (String pattern : more) {
      if (!pattern.matches("[A-Za-z0-9.*:\\[\\]-]{1,253}")) {
        throw new IllegalArgumentException(
            "--allow-host " + pattern + " is no host name; write cdn.example.org or *.example.org");
      }
      patterns.add(pattern.toLowerCase(Locale.ROOT));
    }
  }

  /// Reads the address of a hub.
  ///
  /// @throws IllegalArgumentException if it is none
  static URI endpoint(String text) {
    URI uri;
    try {
      uri = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("endpoint " + text + " is no address: " + e.getMessage());
    }
    boolean web = "https".equalsIgnoreCase(uri.getScheme()) || isHttp(uri);
    if (!web
        || uri.getHost() == null
        || uri.getRawUserInfo() != null
        || uri.getRawQuery() != null
        || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "endpoint " + text + " is no plain address such as https://huggingface.co");
    }
    return uri;
  }

  /// Refuses an address that no request may go to.
  void check(URI uri) throws HubException {
    String host = uri.getHost();
    if (host == null || uri.getRawUserInfo() != null) {
      throw HubException.lasting("redirected to " + shown(uri) + ", which is no plain address");
    }
    if (!"https".equalsIgnoreCase(uri.getScheme()) && !mayBeHttp(uri)) {
      throw HubException.lasting(
          "redirected to " + shown(uri) + ", which is not encrypted (https); refused");
    }
    if (!isAllowed(host)) {
      throw HubException.lasting(
          "redirected to the host "
              + host
              + ", which is not allowed; if you trust it, add --allow-host "
              + host);
    }
  }

  /// Plain http leads only where the user's own endpoint is plain: to itself, or within the
  /// machine.
  private boolean mayBeHttp(URI uri) {
    return isHttp(uri)
        && isHttp(endpoint)
        && (sameHost(uri, endpoint) || isLoopback(endpoint) && isLoopback(uri));
  }

  private boolean isAllowed(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    if (name.equals(endpoint.getHost().toLowerCase(Locale.ROOT))) {
      return true;
    }
    return patterns.stream().anyMatch(pattern -> matches(pattern, name));
  }

  /// A leading `*.` stands for any number of labels, another `*` for part of one.
  private static boolean matches(String pattern, String name) {
    if (pattern.startsWith("*.")) {
      return name.endsWith(pattern.substring(1)) && name.length() > pattern.length() - 1;
    }
    StringBuilder expression = new StringBuilder();
    String[] literals = pattern.split("\\*", -1);
    for (int i = 0; i < literals.length; i++) {
      expression.append(i == 0 ? "" : "[a-z0-9-]*").append(Pattern.quote(literals[i]));
    }
    return name.matches(expression.toString());
  }

  /// Tells whether the token may travel with a request: to the endpoint itself, encrypted or within
  /// the machine.
  boolean mayCarryToken(URI uri) {
    return sameOrigin(uri, endpoint)
        && ("https".equalsIgnoreCase(uri.getScheme()) || isLoopback(uri));
  }

  /// Tells whether this address belongs to the endpoint itself, so that what it says about a file
  /// is the hub's word.
  boolean isEndpoint(URI uri) {
    return sameOrigin(uri, endpoint);
  }

  private static boolean sameOrigin(URI one, URI other) {
    return sameHost(one, other)
        && one.getScheme().equalsIgnoreCase(other.getScheme())
        && port(one) == port(other);
  }

  private static boolean sameHost(URI one, URI other) {
    return one.getHost().equalsIgnoreCase(other.getHost());
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : isHttp(uri) ? 80 : 443;
  }

  private static boolean isHttp(URI uri) {
    return "http".equalsIgnoreCase(uri.getScheme());
  }

  private static boolean isLoopback(URI uri) {
    String host = uri.getHost();
    return host.equalsIgnoreCase("localhost")
        || host.equals("[::1]")
        || host.matches("127(\\.[0-9]{1,3}){3}");
  }

  /// Writes an address without what may be secret in it: signed links carry their key behind the
  /// question mark.
  static String shown(URI uri) {
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    return uri.getScheme()
        + "://"
        + uri.getHost()
        + (uri.getPort() < 0 ? "" : ":" + uri.getPort())
        + path;
  }
}
