#!/bin/sh
# Makes results/open-models-* from public samples, without a model: frontiers of gpt-oss-20b,
# Phi-4-reasoning and Qwen3-30B-A3B-Thinking on AIME 2025 and MATH-500, and the exchange of Llama-3
# 8B and 70B. DATA holds `boinf/` of jkomiyama/BoInf-code-publish and the two files of
# bay-yearick-lab/sampling-ceilings (see docs/import.md).
#
#     sh sweeps/open-models.sh DATA
#
# Architectures: sweeps/architectures, from the published configurations. The sources tell no
# prompt lengths: 150 tokens a prompt are assumed, where answers take thousands.
set -eu
DATA=$1
SCALE=${SCALE:-scale}
for task in aime2025 math500; do
  out=results/open-models-$task
  budget=1e15
  if [ "$task" = math500 ]; then budget=1e14; fi
  for model in gpt-oss-20b Phi-4-reasoning Qwen3-30B-A3B-Thinking-2507; do
    config=sweeps/architectures/$(echo "$model" | tr '[:upper:]' '[:lower:]').json
    limit=""
    if [ "$model" = Phi-4-reasoning ]; then limit="--max-tokens 30268"; fi
    $SCALE import boinf "$DATA/boinf/analysis_${task}_$model.jsonl" --out "$out" \
      --model "$model" --task "$task" --config "$config" --prompt-tokens 150 $limit
  done
  $SCALE accuracy "$out" --plot --heatmap
  $SCALE frontier "$out"
  $SCALE recommend "$out" --budget "$budget"
  $SCALE limits "$out" --plot
  $SCALE fit "$out" --plot
done
out=results/open-models-llama3
for size in 8b 70b; do
  $SCALE import counts "$DATA/llama3_repeated_sampling.json" --out "$out" \
    --only "Llama-3-$(echo $size | tr '[:lower:]' '[:upper:]')-Instruct" \
    --config sweeps/architectures/llama-3-$size-instruct.json
done
$SCALE exchange "$out" --small Llama-3-8B-Instruct --large Llama-3-70B-Instruct
$SCALE fit "$out" --plot
