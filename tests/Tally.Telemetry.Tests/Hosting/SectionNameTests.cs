using Microsoft.Extensions.Configuration;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests.Hosting;

public sealed class SectionNameTests : IDisposable
{
    private const string Prefix = "TALLYTEST_";

    private readonly List<string> _set = [];

    public void Dispose() => _set.ForEach(name => Environment.SetEnvironmentVariable(name, null));

    [Fact]
    public void A_section_on_the_command_line_must_be_known() => Assert.Equal(
        ["Inbox is not a setting; known sections: Listen, Outbox."],
        Faults(new ConfigurationBuilder().AddCommandLine(["--Inbox:Topic=x", "--urls=http://x", "--Logging:LogLevel:Default=Debug", "--outbox:Shards=1"])));

    [Fact]
    public void A_section_in_a_file_must_be_known()
    {
        var folder = Directory.CreateTempSubdirectory("tally-sections-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "settings.json"), """{"Outbx":{"Shards":1},"AllowedHosts":"*","Listen":{}}""");

            Assert.Equal(
                ["Outbx is not a setting; did you mean Outbox?"],
                Faults(new ConfigurationBuilder().SetBasePath(folder.FullName).AddJsonFile("settings.json")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_environment_is_shared_so_only_a_slip_of_one_letter_is_a_fault_there()
    {
        Set("OUTBX__SHARDS", "1");
        Set("LISTEN__GRPC", "127.0.0.1:1");
        Set("HOME__TOWN", "x");
        Set("LISTENS", "has no settings below it");

        Assert.Equal(["OUTBX is not a setting; did you mean Outbox?"], Faults(new ConfigurationBuilder().AddEnvironmentVariables(Prefix)));
    }

    private static List<string> Faults(IConfigurationBuilder builder) => StrictConfiguration.CheckSectionNames(
        builder.Build(), [new StrictSection("Outbox", typeof(object)), new StrictSection("Listen", typeof(ListenOptions))]);

    private void Set(string name, string value)
    {
        _set.Add(Prefix + name);
        Environment.SetEnvironmentVariable(Prefix + name, value);
    }
}
