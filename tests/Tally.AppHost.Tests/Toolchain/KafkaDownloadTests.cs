using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class KafkaDownloadTests : IDisposable
{
    private static readonly KafkaDistribution Apache = new("libs", "4.1.0", "a test");

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private bool _works;
    private int _tries;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Where_the_old_Kafka_runs_a_download_that_failed_is_tried_again_a_day_later()
    {
        Directory.CreateDirectory(_folder.In(KafkaTool.NpmEntry));

        Assert.Null(await TryAsync());
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Null(await TryAsync());
        Assert.Equal(1, _tries);

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(await TryAsync());
        Assert.Null(await TryAsync());
        Assert.Equal(2, _tries);

        _works = true;
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Same(Apache, await TryAsync());
    }

    [Fact]
    public async Task With_no_other_Kafka_here_each_start_tries()
    {
        Assert.Null(await TryAsync());
        Assert.Null(await TryAsync());

        Assert.Equal(2, _tries);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("9999-01-01T00:00:00Z")]
    public async Task A_note_that_can_not_be_right_stops_nothing(string note)
    {
        Directory.CreateDirectory(_folder.In(KafkaTool.NpmEntry));
        await File.WriteAllTextAsync(_folder.In("kafka-download.failed"), note);
        _works = true;

        Assert.Same(Apache, await TryAsync());
    }

    [Theory]
    [InlineData(KafkaChoice.Auto, false, true, KafkaChoice.Npm)]
    [InlineData(KafkaChoice.Auto, false, false, KafkaChoice.Auto)]
    [InlineData(KafkaChoice.Auto, true, true, KafkaChoice.Auto)]
    [InlineData(KafkaChoice.Download, false, true, KafkaChoice.Download)]
    public void A_system_that_was_made_with_the_old_Kafka_keeps_it_until_told_otherwise(KafkaChoice wanted, bool hasHome, bool hasOldData, KafkaChoice taken) =>
        Assert.Equal(taken, KafkaStore.Choice(wanted, hasHome, hasOldData));

    private Task<KafkaDistribution?> TryAsync() => KafkaTool.TryDownloadAsync(
        new ToolCache(_folder.Path, new TestReporter()), new TestReporter(), _time, () =>
        {
            _tries++;
            return _works ? Task.FromResult(Apache) : throw new SystemProblemException("kafka", "no way there");
        });
}
