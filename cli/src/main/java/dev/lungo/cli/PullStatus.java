package dev.lungo.cli;

import dev.lungo.hub.HubFile;
import dev.lungo.hub.PullListener;
import java.util.List;
import java.util.Locale;

/// Says how a download is getting on.
record PullStatus(PullListener.Progress progress) implements ProgressLine.Status {
  @Override
  public double fraction() {
    return progress.fraction();
  }

  @Override
  public List<String> texts() {
    String share = String.format(Locale.ROOT, "%3.0f%%", 100 * fraction());
    String amounts =
        "  " + HubFile.size(progress.bytes()) + " of " + HubFile.size(progress.totalBytes());
    String rate = "  " + HubFile.size(Math.round(progress.bytesPerSecond())) + "/s";
    String left = "  " + ProgressLine.duration(progress.remainingSeconds()) + " left";
    return List.of(share + amounts + rate + left, share + rate + left, share + left);
  }
}
