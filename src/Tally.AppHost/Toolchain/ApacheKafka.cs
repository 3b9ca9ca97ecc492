using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>Apache Kafka from the Apache Software Foundation's own archive, where the network reaches it.</summary>
internal static class ApacheKafka
{
    private const string Component = "kafka";
    private const string Version = "4.1.0";
    private const string Hash = "85b4538470d1dcb98d0273286bfab8717065522e597ecfffcd4db83a3021758e";

    // The archive keeps every release under a name that stays; mirrors keep only the newest.
    private static readonly Uri Address = new($"https://archive.apache.org/dist/kafka/{Version}/kafka_2.13-{Version}.tgz");

    // A network without a way there often drops packets instead of refusing: nobody should wait long to learn that.
    // A proxy that has no way there itself is connected at once, and then says nothing: the answer's headers count, not the connection.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(30);

    private static string Entry => $"kafka-{Version}";

    /// <summary>The one that was downloaded before, or null.</summary>
    /// <param name="cache">The cache.</param>
    public static KafkaDistribution? InCache(ToolCache cache) =>
        cache.Has(Entry) ? new KafkaDistribution(Path.Combine(cache.PathOf(Entry), "libs"), Version, Address.ToString()) : null;

    /// <summary>Takes it from the cache, or downloads it.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="reporter">Told of the download.</param>
    /// <param name="cancellationToken">Stops the download.</param>
    /// <exception cref="SystemProblemException">It can't be reached, or isn't what it should be.</exception>
    public static async Task<KafkaDistribution> GetAsync(ToolCache cache, IStartReporter reporter, CancellationToken cancellationToken)
    {
        await cache.GetAsync(Entry, Component, (staging, token) => DownloadAsync(staging, reporter, token), cancellationToken);
        return InCache(cache)!;
    }

    private static async Task DownloadAsync(string staging, IStartReporter reporter, CancellationToken cancellationToken)
    {
        var file = Path.Combine(staging, "kafka.tgz");
        try
        {
            await FetchAsync(Address, file, reporter, AnswerTimeout, cancellationToken);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or TimeoutException)
        {
            throw new SystemProblemException(Component, $"Apache Kafka {Version} can't be downloaded from {Address.Host}: {problem.Message}", problem);
        }

        if (!await Archive.HasSha256Async(file, Hash, cancellationToken))
        {
            throw new SystemProblemException(Component, $"{Address} isn't the archive that was published: its SHA-256 is not {Hash}. It isn't used.");
        }

        await Archive.UnpackAsync(file, staging, name => name.StartsWith("libs/", StringComparison.Ordinal), cancellationToken);
        File.Delete(file);
    }

    /// <summary>Downloads a file.</summary>
    /// <exception cref="TimeoutException">There is no answer within the patience, or the download stalls.</exception>
    internal static async Task FetchAsync(Uri address, string file, IStartReporter reporter, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        reporter.Progress(Component, $"looks for Apache Kafka {Version} at {address.Host}");
        using var response = await AskAsync(client, address, patience, cancellationToken);
        response.EnsureSuccessStatusCode();
        var length = response.Content.Headers.ContentLength ?? 0;
        await using var source = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var target = File.Create(file);
        var buffer = new byte[1 << 20];
        var said = 0L;
        for (var done = 0L; ;)
        {
            var count = await source.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(StallTimeout, cancellationToken);
            if (count == 0)
            {
                return;
            }

            await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            done += count;
            if (length > 0 && done * 10 / length > said)
            {
                said = done * 10 / length;
                reporter.Progress(Component, $"downloads Apache Kafka {Version}: {said * 10}% of {length >> 20} MB");
            }
        }
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient client, Uri address, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {patience.TotalSeconds:0.#} s", late);
        }
    }
}
