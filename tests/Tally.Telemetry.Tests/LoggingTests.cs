using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests;

public class LoggingTests
{
    [Fact]
    public void Ours_is_heard_from_Information_and_everything_else_from_Warning()
    {
        using var host = Host([]);
        var loggers = host.Services.GetRequiredService<ILoggerFactory>();

        Assert.True(loggers.CreateLogger("Tally.Outbox.Relay").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("Tally.Outbox.Relay").IsEnabled(LogLevel.Debug));
        Assert.False(loggers.CreateLogger("Npgsql.Command").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Routing").IsEnabled(LogLevel.Information));
        Assert.True(loggers.CreateLogger("Microsoft.AspNetCore.Routing").IsEnabled(LogLevel.Warning));
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics").IsEnabled(LogLevel.Critical));
    }

    [Fact]
    public void The_usual_settings_win()
    {
        using var host = Host(["--Logging:LogLevel:Tally.Outbox=Debug", "--Logging:Console:FormatterName=systemd"]);

        Assert.True(host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Tally.Outbox.Relay").IsEnabled(LogLevel.Debug));
        Assert.Equal("systemd", host.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName);
    }

    [Theory]
    [InlineData(true, "simple", "false")]
    [InlineData(false, "json", "true")]
    public void A_terminal_gets_short_lines_and_a_pipe_gets_JSON_with_UTC(bool terminal, string formatter, string utc)
    {
        var configuration = new ConfigurationManager();

        LoggingDefaults.AddTo(configuration, terminal, traced: false);

        Assert.Equal(formatter, configuration["Logging:Console:FormatterName"]);
        Assert.Equal(utc, configuration["Logging:Console:FormatterOptions:UseUtcTimestamp"]);
    }

    [Theory]
    [InlineData(true, true, "false")]
    [InlineData(false, true, "true")]
    [InlineData(false, false, "false")]
    public void A_JSON_line_has_its_trace_while_traces_are_exported(bool terminal, bool traced, string scopes)
    {
        var configuration = new ConfigurationManager();

        LoggingDefaults.AddTo(configuration, terminal, traced);

        Assert.Equal(scopes, configuration["Logging:Console:FormatterOptions:IncludeScopes"]);
    }

    [Fact]
    public void Log_lines_go_to_the_console_alone()
    {
        using var host = Host([]);

        Assert.IsType<ConsoleLoggerProvider>(host.Services.GetServices<ILoggerProvider>().Single());
    }

    private static WebApplication Host(string[] args)
    {
        var builder = TallyService.CreateBuilder(args);
        builder.AddTallyLogging();
        return builder.Build();
    }
}
