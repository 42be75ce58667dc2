package dev.lungo.hub;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import javax.net.ssl.SSLException;

/// Sends GET requests and follows redirects itself: the JDK's own following knows no rules about
/// hosts and tokens.
final class HubClient implements AutoCloseable {
  private static final int MOST_REDIRECTS = 10;
  private static final int MOST_OF_ERROR = 1 << 16;

  private final HostRules rules;
  private final Optional<String> token;
  private final Patience patience;
  private final HttpClient http;

  HubClient(HostRules rules, Optional<String> token, Patience patience) {
    this.rules = rules;
    this.token = token;
    this.patience = patience;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofMillis(patience.connectMillis()))
            .build();
  }

  /// Asks for `start`, wherever that leads.
  ///
  /// @param what is asked for, in messages
  /// @param extra more headers
  /// @throws HubException for every answer but 200 and 206
  HubAnswer get(String what, URI start, Map<String, String> extra)
      throws IOException, InterruptedException {
    URI uri = start;
    Optional<String> linkedTag = Optional.empty();
    OptionalLong linkedSize = OptionalLong.empty();
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      rules.check(uri);
      HttpResponse<TimedBody> response = send(what, uri, extra);
      HttpHeaders headers = response.headers();
      if (rules.isEndpoint(uri)) {
        linkedTag = linkedTag.or(() -> headers.firstValue("x-linked-etag").map(HubAnswer::bare));
        Optional<String> size = headers.firstValue("x-linked-size");
        linkedSize = size.isPresent() ? OptionalLong.of(HubAnswer.count(size.get())) : linkedSize;
      }
      int status = response.statusCode();
      if (status == 200 || status == 206) {
        refuseEncoding(what, response);
        return new HubAnswer(status, headers, response.body(), linkedTag, linkedSize);
      }
      try (TimedBody body = response.body()) {
        if (!isRedirect(status)) {
          throw refusal(what, uri, response);
        }
        body.readAll(MOST_OF_ERROR);
      }
      uri = target(what, uri, headers);
    }
    throw HubException.lasting(
        what + ": more than " + MOST_REDIRECTS + " redirects; the server leads in circles");
  }

  private HttpResponse<TimedBody> send(String what, URI uri, Map<String, String> extra)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(Duration.ofMillis(patience.answerMillis()))
            .header("User-Agent", "lungo")
            .header("Accept-Encoding", "identity");
    extra.forEach(request::header);
    if (token.isPresent() && rules.mayCarryToken(uri)) {
      request.header("Authorization", "Bearer " + token.get());
    }
    try {
      return http.send(request.build(), info -> new TimedBody(what, patience));
    } catch (SSLException e) {
      throw HubException.lasting(
          what + ": no safe connection to " + uri.getHost() + ": " + TimedBody.reason(e));
    } catch (IOException e) {
      throw HubException.passing(
          what + ": no answer from " + HostRules.shown(uri) + ": " + TimedBody.reason(e), e);
    }
  }

  private static boolean isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  private static URI target(String what, URI from, HttpHeaders headers) throws HubException {
    String location = headers.firstValue("location").orElse("");
    try {
      if (!location.isEmpty()) {
        return from.resolve(location);
      }
    } catch (IllegalArgumentException e) {
      // Falls through to the message.
    }
    throw HubException.lasting(
        what + ": redirected to " + SafeName.printable(location) + ", which is no address");
  }

  private static void refuseEncoding(String what, HttpResponse<TimedBody> response)
      throws HubException {
    String encoding = response.headers().firstValue("content-encoding").orElse("identity");
    if (!encoding.equalsIgnoreCase("identity")) {
      response.body().close();
      throw HubException.lasting(
          what
              + ": the server sends it encoded as "
              + SafeName.printable(encoding)
              + ", though it was asked not to");
    }
  }

  private HubException refusal(String what, URI uri, HttpResponse<TimedBody> response) {
    int status = response.statusCode();
    String said =
        response
            .headers()
            .firstValue("x-error-message")
            .map(text -> "; it says " + SafeName.printable(text))
            .orElse("");
    String begin = what + ": " + uri.getHost() + " answers " + status + said;
    return switch (status) {
      case 401, 403 -> HubException.lasting(begin + "; " + advice(uri));
      case 404 ->
          HubException.lasting(
              begin + "; there is no such model, revision or file: check the name");
      case 408, 429, 500, 502, 503, 504 ->
          HubException.passing(begin, retryAfter(response.headers()));
      default -> HubException.status(status, begin);
    };
  }

  private String advice(URI uri) {
    if (!rules.isEndpoint(uri)) {
      return "the link to the file may have run out; try again";
    }
    return token.isPresent() && rules.mayCarryToken(uri)
        ? "the token does not reach it: accept the model's terms on its page with the token's account, "
            + "or check the name"
        : "it does not exist, is private, or wants its terms accepted: do that on its page, "
            + "then give a token with --token or HF_TOKEN";
  }

  /// Reads how long to wait: seconds, or a date.
  private static OptionalLong retryAfter(HttpHeaders headers) {
    String text = headers.firstValue("retry-after").orElse("");
    if (text.matches("[0-9]{1,9}")) {
      return OptionalLong.of(1000 * Long.parseLong(text));
    }
    try {
      Instant then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return OptionalLong.of(Math.max(0, Duration.between(Instant.now(), then).toMillis()));
    } catch (DateTimeParseException e) {
      return OptionalLong.empty();
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}
