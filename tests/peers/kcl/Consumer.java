import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.coordinator.streamInfo.StreamIdCache;
import software.amazon.kinesis.exceptions.KinesisClientLibException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

import static software.amazon.kinesis.common.InitialPositionInStream.TRIM_HORIZON;

/**
 * Reads a stream with the Kinesis Client Library until SIGTERM, and writes a line for each user record: shard, partition
 * key, sequence number, sub-sequence number, data.
 *
 * STREAM names the stream, APPLICATION the table of leases, RETRIEVAL how to read: polling or fanout. Where everything is
 * the SDK knows by itself: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_CLOUDWATCH, AWS_REGION,
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
 */
public final class Consumer implements ShardRecordProcessor {
    private String shard;

    public static void main(String[] arguments) throws Exception {
        String stream = System.getenv("STREAM");
        String application = System.getenv("APPLICATION");
        KinesisAsyncClient kinesis = KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder());
        RetrievalSpecificConfig retrieval = System.getenv("RETRIEVAL").equals("fanout")
                ? new FanOutConfig(kinesis).streamName(stream).applicationName(application).retryBackoffMillis(100)
                : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200);
        var tracker = new SingleStreamTracker(stream, InitialPositionInStreamExtended.newInitialPosition(TRIM_HORIZON));
        ConfigsBuilder configs = new ConfigsBuilder(tracker, application, kinesis, DynamoDbAsyncClient.create(),
                CloudWatchAsyncClient.create(), UUID.randomUUID().toString(), Consumer::new);
        var leases = configs.leaseManagementConfig().failoverTimeMillis(30_000).leaseAssignmentIntervalMillis(500L)
                .shardSyncIntervalMillis(500).maxCacheMissesBeforeReload(0);
        leases.workerUtilizationAwareAssignmentConfig().inMemoryWorkerMetricsCaptureFrequencyMillis(100)
                .workerMetricsReporterFreqInMillis(1_000);
        Scheduler scheduler = new Scheduler(configs.checkpointConfig(),
                configs.coordinatorConfig().parentShardPollIntervalMillis(200).shardConsumerDispatchPollIntervalMillis(200),
                leases, configs.lifecycleConfig().taskBackoffTimeMillis(100), configs.metricsConfig(),
                configs.processorConfig(), configs.retrievalConfig().retrievalSpecificConfig(retrieval));
        // As it begins; but without any lease it first waits, by chance for as long as half a minute, for other workers.
        scheduler.leaseCoordinator().initialize();
        StreamIdCache.initialize(scheduler.streamIdCacheManager(), leases.streamIdOnboardingState());
        scheduler.shardSyncTaskManagerProvider().apply(tracker.streamConfigList().get(0)).callShardSyncTask();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            int code = 0;
            try {
                scheduler.startGracefulShutdown().get(30, TimeUnit.SECONDS);
            } catch (Exception error) {
                error.printStackTrace();
                code = 1;
            }
            Runtime.getRuntime().halt(code);
        }));
        scheduler.run();
    }

    @Override
    public void initialize(InitializationInput input) {
        shard = input.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
        for (KinesisClientRecord record : input.records()) {
            ByteBuffer data = record.data().duplicate();
            System.out.println(String.join("\t", shard, record.partitionKey(), record.sequenceNumber(),
                    Long.toString(record.subSequenceNumber()), StandardCharsets.UTF_8.decode(data)));
        }
        System.out.flush();
        checkpoint(input.checkpointer());
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
        checkpoint(input.checkpointer());
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
        checkpoint(input.checkpointer());
    }

    private static void checkpoint(RecordProcessorCheckpointer checkpointer) {
        try {
            checkpointer.checkpoint();
        } catch (KinesisClientLibException error) {
            throw new IllegalStateException(error);
        }
    }
}
