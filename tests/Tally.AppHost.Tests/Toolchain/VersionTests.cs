using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class VersionTests
{
    [Theory]
    [InlineData("17.0.15", 17)]
    [InlineData("1.8.0_392", 8)]
    [InlineData("25-ea", 25)]
    [InlineData("nonsense", 0)]
    public void The_first_part_that_counts_is_Javas_major_version(string version, int major) => Assert.Equal(major, JavaTool.Major(version));

    [Fact]
    public void A_distribution_of_Kafka_is_known_by_its_jars()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(KafkaDistribution.VersionIn(folder.In("missing")));
        Assert.Null(KafkaDistribution.VersionIn(folder.Path));
        File.WriteAllText(folder.In("kafka-clients-4.3.1.jar"), "");
        File.WriteAllText(folder.In("kafka-clients-4.3.1-sources.jar"), "");
        File.WriteAllText(folder.In("zstd.jar"), "");

        var kafka = new KafkaDistribution(folder.Path, KafkaDistribution.VersionIn(folder.Path)!, "a test");

        Assert.Equal("4.3.1", kafka.Version);
        Assert.False(kafka.NeedsZooKeeper);
        Assert.Equal($"{folder.In("kafka-clients-4.3.1.jar")}:{folder.In("zstd.jar")}", kafka.ClassPath);
    }
}
