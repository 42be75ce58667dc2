package dev.lungo.hub;

import java.net.URI;
import java.util.Optional;
import java.util.Set;

/// Which hub to ask, and how.
///
/// @param endpoint the hub's address
/// @param revision a branch, tag or commit
/// @param token sent to the endpoint alone; empty for none
/// @param allowedHosts further hosts to which the endpoint may send downloads
/// @param threads files at once
public record HubSettings(
    URI endpoint,
    String revision,
    Optional<String> token,
    Set<String> allowedHosts,
    int threads,
    Patience patience) {
  public HubSettings {
    if (!revision.matches("[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}") || revision.contains("..")) {
      throw new IllegalArgumentException("revision " + revision + " is no branch, tag or commit");
    }
    if (token.isPresent() && !token.get().matches("[\\x21-\\x7e]{1,1000}")) {
      throw new IllegalArgumentException(
          "the token has characters that no token has (a space or line end?)");
    }
    if (threads < 1 || threads > 64) {
      throw new IllegalArgumentException("threads must be 1 to 64, but are " + threads);
    }
    allowedHosts = Set.copyOf(allowedHosts);
  }

  /// Reads the address of a hub.
  ///
  /// @throws IllegalArgumentException if it is none
  public static URI endpoint(String text) {
    return HostRules.endpoint(text);
  }

  /// Tells whether the token may be sent: to an endpoint that is encrypted, or within the machine.
  public boolean sendsToken() {
    return token.isPresent() && new HostRules(endpoint, allowedHosts).mayCarryToken(endpoint);
  }

  @Override
  public String toString() {
    // The token stays out of messages and logs.
    return "HubSettings[endpoint=" + endpoint + ", revision=" + revision + "]";
  }
}
